"""Requests made from the OpenAPI document, right and wrong ones: every answer is as the document says, none is a 5xx.

The same requests are made on every run; ``ANB_FUZZ_EXAMPLES`` asks for more of them than the gate has time for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup

from .people import PASSWORD, PortalUser
from .process import PortalProcess
from .site import PortalSite, SiteOpener

EXAMPLES = int(os.environ.get("ANB_FUZZ_EXAMPLES", "10"))
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
)
"""The others do not hold by the contract: another method is answered with 404, never 405, and a body that its schema
allows may be refused, as two passwords that differ."""


@dataclass(frozen=True)
class Scene:
    """A portal at work, and the videos that requests may name."""

    portal: PortalProcess
    owner: PortalUser
    videos: tuple[str, ...]

    def nobody(self) -> dict[str, Any]:
        """What a request carries of somebody without an account."""
        return {}

    def bearer(self) -> dict[str, Any]:
        """What a request carries of a client of the API."""
        login = {"email": self.owner.email, "password": PASSWORD}
        answer = requests.post(f"{self.portal.url}/api/auth/login", json=login, timeout=60)
        return {"headers": {"Authorization": f"Bearer {answer.json()['access_token']}"}}

    def cookie(self) -> dict[str, Any]:
        """What a request carries of somebody at a browser."""
        with requests.Session() as session:
            login = {"email": self.owner.email, "password": PASSWORD}
            session.post(f"{self.portal.url}/login", data=login, timeout=60).raise_for_status()
            cookies = {name: value for name, value in session.cookies.items() if name in ("session", "csrf")}
        assert set(cookies) == {"session", "csrf"}
        return {"cookies": cookies, "headers": {"X-CSRF-TOKEN": cookies["csrf"]}}


@pytest.fixture(scope="module")
def fuzzed(open_site: SiteOpener) -> Iterator[PortalSite]:
    """A portal of these tests alone: what they send may change anything."""
    with open_site() as site:
        yield site


@pytest.fixture
def scene(fuzzed: PortalSite) -> Scene:
    ana, luz, videos = fuzzed.new_user(), fuzzed.new_user(), fuzzed.videos
    made = (videos.published(ana), videos.published(luz), videos.uploaded(ana), videos.failed(luz))
    return Scene(fuzzed.portal, ana, tuple(str(video_id) for video_id in made))


WHO = ("nobody", "bearer", "cookie")


@pytest.mark.asvs("2.2.1")
def test_every_answer_is_as_the_document_says(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Each request is made by somebody without an account, by a client of the API, and at a browser."""
    schema = schemathesis.openapi.from_url(f"{scene.portal.url}/openapi.json")
    checks = CHECKS.get_by_names(list(CHECKED))
    made = 0
    breaches: list[str] = []
    for operation in (found.ok() for found in schema.get_all_operations()):
        # An operation may end its session.
        carried = {who: getattr(scene, who)() for who in WHO}
        has_video = "{video_id}" in operation.path
        for mode, paths in [
            (GenerationMode.POSITIVE, None),
            (GenerationMode.NEGATIVE, None),
            *((GenerationMode.POSITIVE, {"video_id": video_id}) for video_id in scene.videos if has_video),
        ]:
            made += _fuzz(operation, mode, paths, carried, checks, breaches)
    with capsys.disabled():
        print(f"\n{made} requests of each of {', '.join(WHO)}", end=" ")  # noqa: T201
    assert not breaches, "\n\n".join(breaches)
    assert made > 100
    assert not scene.portal.log_lines("a request failed")


def _fuzz(
    operation: Any,
    mode: GenerationMode,
    paths: dict[str, str] | None,
    carried: dict[str, dict[str, Any]],
    checks: list[Callable[..., Any]],
    breaches: list[str],
) -> int:
    """Make requests of one operation, each by everyone; how many were made by each."""
    count = 0
    try:
        strategy = operation.as_strategy(generation_mode=mode, path_parameters=paths)

        @settings(
            max_examples=EXAMPLES if paths is None else 2,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def run(case: Case) -> None:
            nonlocal count
            count += 1
            for who in WHO:
                try:
                    case.call_and_validate(checks=checks, timeout=60, **carried[who])
                except (Exception, FailureGroup) as problem:
                    problem.add_note(f"as {who}")
                    raise

        run()
    except Unsatisfiable:
        # It takes nothing that could be wrong.
        assert mode is GenerationMode.NEGATIVE and count == 0
    except (Exception, FailureGroup) as problem:
        notes = getattr(problem, "__notes__", [])
        told = f"{operation.label} {mode.value} {notes}: {problem} {getattr(problem, 'exceptions', '')}"
        breaches.append(told[:1500])
    return count
