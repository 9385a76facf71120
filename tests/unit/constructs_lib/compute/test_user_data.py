"""Every user-data that is made here is a script that bash and shellcheck find nothing wrong with, and has room."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from scenes import queue_workers_template, web_service_template

from constructs_lib.compute.instance_options import InstanceOptions
from constructs_lib.compute.user_data import USER_DATA_LIMIT
from constructs_lib.testing import Template
from tests.unit.constructs_lib.example_apps import example

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


def check(folder: pathlib.Path, *scripts: str) -> None:
    """bash can read them, and shellcheck, whose start takes longest, reads all at once."""
    files = []
    for number, script in enumerate(scripts):
        for name, text in whole_and_parts(script).items():
            files.append(folder / f"{name}-{number}")
            files[-1].write_text(text)
    shellcheck = [SHELLCHECK, "--enable", "check-unassigned-uppercase", *files]
    for command in [*(["bash", "-n", file] for file in files), shellcheck]:
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_of_the_constructs_options(software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    templates = (
        web_service_template(software, pre_start_command="/bin/true", instances=ISOLATING),
        queue_workers_template(software, instances=ISOLATING),
    )
    check(tmp_path, *(script for template in templates for script in scripts(template)))


def test_of_the_examples(tmp_path: pathlib.Path) -> None:
    made = [script for name in EXAMPLES for script in scripts(example(name))]

    assert len(made) >= len(EXAMPLES)
    check(tmp_path, *made)


@pytest.fixture(params=["production", "embedded"])
def product(request: pytest.FixtureRequest) -> dict[str, Template]:
    found: dict[str, Template] = request.getfixturevalue(request.param)
    return found


def test_of_the_stacks(product: dict[str, Template], tmp_path: pathlib.Path) -> None:
    check(tmp_path, *(script for stack in ("portal", "workers") for script in scripts(product[stack])))


@pytest.mark.parametrize("stack", ["portal", "workers"])
def test_each_stack_has_a_tenth_of_the_room_left(product: dict[str, Template], stack: str) -> None:
    said = [each.message for each in product[stack].annotations() if each.message.startswith("user-data takes")]
    (left,) = [int(number) for sentence in said for number in re.findall(r"(\d+) are left", sentence)]

    assert left > USER_DATA_LIMIT / 10
