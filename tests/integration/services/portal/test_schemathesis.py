"""Valid and invalid requests generated from the OpenAPI document: responses match it, and none is a 5xx.

Every run sends the same requests; ``ANB_FUZZ_EXAMPLES`` is the number per operation and mode (default 10).
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
ENABLED_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
)
"""The contract breaks the other checks: a wrong method returns 404 instead of 405, and a body that matches its schema
may be rejected, such as two different passwords."""


@dataclass(frozen=True)
class FuzzTarget:
    """A running portal and the video ids for path parameters."""

    portal: PortalProcess
    owner: PortalUser
    videos: tuple[str, ...]

    def anonymous(self) -> dict[str, Any]:
        """Request arguments of a client without an account."""
        return {}

    def bearer(self) -> dict[str, Any]:
        """Request arguments of an API client with a bearer token."""
        login = {"email": self.owner.email, "password": PASSWORD}
        answer = requests.post(f"{self.portal.url}/api/auth/login", json=login, timeout=60)
        return {"headers": {"Authorization": f"Bearer {answer.json()['access_token']}"}}

    def cookie(self) -> dict[str, Any]:
        """Request arguments of a browser with a session cookie."""
        with requests.Session() as session:
            login = {"email": self.owner.email, "password": PASSWORD}
            session.post(f"{self.portal.url}/login", data=login, timeout=60).raise_for_status()
            cookies = {name: value for name, value in session.cookies.items() if name in ("session", "csrf")}
        assert set(cookies) == {"session", "csrf"}
        return {"cookies": cookies, "headers": {"X-CSRF-TOKEN": cookies["csrf"]}}


@pytest.fixture(scope="module")
def fuzzed_site(open_site: SiteOpener) -> Iterator[PortalSite]:
    """A portal for this module only: the requests may change anything."""
    with open_site() as site:
        yield site


@pytest.fixture
def target(fuzzed_site: PortalSite) -> FuzzTarget:
    ana, luz, videos = fuzzed_site.new_user(), fuzzed_site.new_user(), fuzzed_site.videos
    video_ids = (videos.published(ana), videos.published(luz), videos.uploaded(ana), videos.failed(luz))
    return FuzzTarget(fuzzed_site.portal, ana, tuple(str(video_id) for video_id in video_ids))


CLIENTS = ("anonymous", "bearer", "cookie")


@pytest.mark.asvs("2.2.1")
def test_every_response_matches_the_document(target: FuzzTarget, capsys: pytest.CaptureFixture[str]) -> None:
    """Each request is sent without an account, with a bearer token and with a session cookie."""
    schema = schemathesis.openapi.from_url(f"{target.portal.url}/openapi.json")
    checks = CHECKS.get_by_names(list(ENABLED_CHECKS))
    request_count = 0
    breaches: list[str] = []
    for operation in (found.ok() for found in schema.get_all_operations()):
        # An operation may revoke the session.
        credentials = {client: getattr(target, client)() for client in CLIENTS}
        has_video = "{video_id}" in operation.path
        for mode, paths in [
            (GenerationMode.POSITIVE, None),
            (GenerationMode.NEGATIVE, None),
            *((GenerationMode.POSITIVE, {"video_id": video_id}) for video_id in target.videos if has_video),
        ]:
            request_count += _fuzz(operation, mode, paths, credentials, checks, breaches)
    with capsys.disabled():
        print(f"\n{request_count} requests by each of {', '.join(CLIENTS)}", end=" ")  # noqa: T201
    assert not breaches, "\n\n".join(breaches)
    assert request_count > 100
    assert not target.portal.log_lines("a request failed")


def _fuzz(
    operation: Any,
    mode: GenerationMode,
    paths: dict[str, str] | None,
    credentials: dict[str, dict[str, Any]],
    checks: list[Callable[..., Any]],
    breaches: list[str],
) -> int:
    """Send requests of one operation with each client; return the number of requests per client."""
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
            for client in CLIENTS:
                try:
                    case.call_and_validate(checks=checks, timeout=60, **credentials[client])
                except (Exception, FailureGroup) as problem:
                    problem.add_note(f"as {client}")
                    raise

        run()
    except Unsatisfiable:
        # The operation has no input that could be invalid.
        assert mode is GenerationMode.NEGATIVE and count == 0
    except (Exception, FailureGroup) as problem:
        notes = getattr(problem, "__notes__", [])
        breach = f"{operation.label} {mode.value} {notes}: {problem} {getattr(problem, 'exceptions', '')}"
        breaches.append(breach[:1500])
    return count
