"""Every user-data that is made here is a script that bash and shellcheck find nothing wrong with, and has room."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from scenes import queue_workers, web_service

from constructs_lib import cdk
from constructs_lib.bootstrap import USER_DATA_LIMIT
from constructs_lib.fleet_options import InstanceOptions
from constructs_lib.testing import Template, synth, synth_stacks
from stacks.app import build
from stacks.settings import Settings
from stacks.software import sources
from tests.unit.constructs_lib.example_apps import synthesize

SHELLCHECK = pathlib.Path(sys.executable).parent / "shellcheck"
EXAMPLES = ("queue_workers", "shop", "web_service")
ISOLATING = InstanceOptions(isolates_children=True)


def scripts(template: Template) -> Iterator[str]:
    """The user-data of a stack, as its instances get it, with a word for each reference."""
    for name, text in template.document.get("locals", {}).items():
        if "user-data" in name:
            yield re.sub(r"(?<!\$)\$\{[^}]*\}", "reference", text).replace("$${", "${").replace("%%{", "%{")


def whole_and_parts(script: str) -> dict[str, str]:
    """The script, and the one it writes."""
    written = re.search(r"<<'INSTANCE'\n(.*?)^INSTANCE$", script, re.DOTALL | re.MULTILINE)
    assert written
    return {"user-data": script, "instance": written[1]}


def check(script: str) -> None:
    for name, text in whole_and_parts(script).items():
        for command in (["bash", "-n"], [str(SHELLCHECK), "--enable", "check-unassigned-uppercase", "-"]):
            done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
            assert (done.returncode, done.stdout + done.stderr) == (0, ""), f"{name}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    ("scene", "changes"),
    [
        (web_service, {}),
        (web_service, {"before": "/bin/true", "instances": ISOLATING}),
        (queue_workers, {}),
        (queue_workers, {"instances": ISOLATING}),
    ],
)
def test_of_each_construct(software: pathlib.Path, scene: object, changes: dict[str, object]) -> None:
    assert callable(scene)
    (script,) = scripts(synth(lambda stack: scene(stack, software, **changes)))
    check(script)


@pytest.mark.parametrize("name", EXAMPLES)
def test_of_each_example(tmp_path: pathlib.Path, name: str) -> None:
    made = list(scripts(synthesize(name, tmp_path)))

    assert made
    for script in made:
        check(script)


@pytest.fixture(scope="session", params=["production", "embedded"])
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    folder = tmp_path_factory.mktemp("software")
    (folder / "main.py").write_text("print('hello')\n")
    embedded = {"target": "embedded", "ami_id": "ami-12345678", "profile": "development"}
    settings = Settings.model_validate(embedded if request.param == "embedded" else {})
    return synth_stacks(build(cdk.Testing.app(), settings, sources(folder)))


@pytest.mark.parametrize("stack", ["portal", "workers"])
def test_of_each_stack(product: dict[str, Template], stack: str) -> None:
    (script,) = scripts(product[stack])
    check(script)


@pytest.mark.parametrize("stack", ["portal", "workers"])
def test_each_stack_has_a_tenth_of_the_room_left(product: dict[str, Template], stack: str) -> None:
    said = [each.message for each in product[stack].annotations() if each.message.startswith("user-data takes")]
    (left,) = [int(number) for sentence in said for number in re.findall(r"(\d+) are left", sentence)]

    assert left > USER_DATA_LIMIT / 10
