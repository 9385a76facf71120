"""Every user data script passes bash and shellcheck, and leaves room below EC2's limit."""

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
    """The user data scripts of a stack, as its instances get them, with references replaced by a word."""
    for name, text in template.document.get("locals", {}).items():
        if "user-data" in name:
            yield re.sub(r"(?<!\$)\$\{[^}]*\}", "reference", text).replace("$${", "${").replace("%%{", "%{")


def split_scripts(script: str) -> dict[str, str]:
    """The script, and the script that it writes."""
    embedded = re.search(r"<<'INSTANCE'\n(.*?)^INSTANCE$", script, re.DOTALL | re.MULTILINE)
    assert embedded
    return {"user-data": script, "instance": embedded[1]}


def check(folder: pathlib.Path, *scripts: str) -> None:
    """Parse the scripts with bash; run shellcheck once for all, because its start is slow."""
    files = []
    for number, script in enumerate(scripts):
        for name, text in split_scripts(script).items():
            files.append(folder / f"{name}-{number}")
            files[-1].write_text(text)
    shellcheck = [SHELLCHECK, "--enable", "check-unassigned-uppercase", *files]
    for command in [*(["bash", "-n", file] for file in files), shellcheck]:
        result = subprocess.run(command, text=True, capture_output=True, check=False)
        assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_scripts_of_all_options_pass_the_checks(software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    templates = (
        web_service_template(software, pre_start_command="/bin/true", instances=ISOLATING),
        queue_workers_template(software, instances=ISOLATING),
    )
    check(tmp_path, *(script for template in templates for script in scripts(template)))


def test_scripts_of_the_examples_pass_the_checks(tmp_path: pathlib.Path) -> None:
    all_scripts = [script for name in EXAMPLES for script in scripts(example(name))]

    assert len(all_scripts) >= len(EXAMPLES)
    check(tmp_path, *all_scripts)


@pytest.fixture(params=["production", "embedded"])
def stacks(request: pytest.FixtureRequest) -> dict[str, Template]:
    templates: dict[str, Template] = request.getfixturevalue(request.param)
    return templates


def test_scripts_of_the_stacks_pass_the_checks(stacks: dict[str, Template], tmp_path: pathlib.Path) -> None:
    check(tmp_path, *(script for stack in ("portal", "workers") for script in scripts(stacks[stack])))


@pytest.mark.parametrize("stack", ["portal", "workers"])
def test_a_tenth_of_the_limit_is_free(stacks: dict[str, Template], stack: str) -> None:
    messages = [each.message for each in stacks[stack].annotations() if each.message.startswith("user-data takes")]
    (left,) = [int(number) for message in messages for number in re.findall(r"(\d+) are left", message)]

    assert left > USER_DATA_LIMIT / 10
