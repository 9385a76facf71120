"""docs/migrate-to-cdktn.md does what it says: the same stacks from cdktn, in an environment of their own."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from constructs_lib.testing import Template, read_templates
from operations import project
from tests import built_release, shown

PAGE = "docs/migrate-to-cdktn.md"
FOLDER = project.OWN / "fork"


def run(script: str, out: Path) -> str:
    """Run commands of the page in the project's folder, stacks into a folder apart."""
    release = str(built_release.write(out.parent / "release"))
    return shown.run(
        script, project.ROOT, CDKTF_OUTDIR=str(out), PYTHONDONTWRITEBYTECODE="1", ANB_RELEASE_DIRECTORY=release
    )


def stacks(out: Path) -> dict[str, Template]:
    return read_templates(out)


@pytest.fixture
def installed(tmp_path: Path) -> None:
    """The page's environment, made again only when the page names other packages."""
    script, marker = shown.script(PAGE, "lane cdktn: install"), FOLDER / "installed"
    if not marker.exists() or marker.read_text() != script:
        shutil.rmtree(FOLDER, ignore_errors=True)
        run(script, tmp_path)
        marker.write_text(script)


@pytest.mark.usefixtures("installed")
def test_the_page_leads_to_the_same_stacks(tmp_path: Path) -> None:
    recorded = run(
        shown.runnable(
            ".venv/bin/python -m pytest -q --collect-only -m snapshot tests/unit/constructs_lib tests/unit/stacks"
        ),
        tmp_path,
    )
    (snapshots,) = re.findall(r"^(\d+)/\d+ tests collected", recorded, re.MULTILINE)

    proved = run(shown.script(PAGE, "lane cdktn: prove"), tmp_path / "fork")
    run(shown.runnable(".venv/bin/python main.py"), tmp_path / "ours")

    assert re.search(rf"^{snapshots} passed, \d+ deselected", proved, re.MULTILINE), proved
    theirs, ours = stacks(tmp_path / "fork"), stacks(tmp_path / "ours")
    assert ours.keys() == theirs.keys() != set()
    for name, template in ours.items():
        assert _without_metadata(theirs[name].readable()) == _without_metadata(template.readable())


@pytest.mark.usefixtures("installed")
def test_the_environment_holds_the_fork_alone(tmp_path: Path) -> None:
    listed = {
        each["name"]: each["version"] for each in json.loads(run(".anb/fork/bin/pip list --format=json", tmp_path))
    }

    assert listed["cdktn"].startswith("0.24.")
    assert not [name for name in listed if name.startswith("cdktf")]


def _without_metadata(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_metadata(each) for key, each in value.items() if key != "//"}
    return [_without_metadata(each) for each in value] if isinstance(value, list) else value
