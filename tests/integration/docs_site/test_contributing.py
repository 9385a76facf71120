"""docs/contributing.md is followed step by step in a copy of the project, and leads where it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import doc_blocks
from workspace import paths

PAGE = "docs/contributing.md"
LEFT = shutil.ignore_patterns(".*", "node_modules", "cdktf.out", "state", "__pycache__", "s3-backup-*")
STYLE = doc_blocks.runnable(".venv/bin/ruff check . && .venv/bin/ruff format --check .")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project, to be changed."""
    return Path(shutil.copytree(paths.ROOT, tmp_path / "copy", ignore=LEFT))


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache of mypy that begins with the project's: only what a section changes is analysed anew."""
    folder = tmp_path_factory.mktemp("cache") / "mypy"
    if (paths.ROOT / ".mypy_cache").is_dir():
        shutil.copytree(paths.ROOT / ".mypy_cache", folder)
    return str(folder)


def follow(section: str, folder: Path) -> list[str]:
    """Write and change what a section says, as far as its files go; returns the files written."""
    text = (paths.ROOT / PAGE).read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    part = folder / "section.md"
    part.write_text(text)
    for change in doc_blocks.blocks(part, "diff"):
        # Numbers of lines are where to begin to look; the words around a change say where it belongs.
        subprocess.run(
            ["git", "apply", "--recount", "-"], cwd=folder, input=change, text=True, check=True, capture_output=True
        )
    files = re.findall(r"^\d\. .*, `([\w/]+\.py)`[:.,].*\n\n   ```python", text, re.MULTILINE)
    bodies = doc_blocks.blocks(part, "python")
    assert len(files) == len(bodies) > 0
    for file, body in zip(files, bodies, strict=True):
        assert not (folder / file).exists()
        (folder / file).write_text(body)
    part.unlink()
    return files


def test_a_construct_is_added(copy: Path, mypy_cache: str) -> None:
    files = follow("Add a construct", copy)
    doc_blocks.run(doc_blocks.script(PAGE, "lane docs: record a construct"), copy)
    proved = doc_blocks.run(doc_blocks.script(PAGE, "lane docs: prove a construct"), copy, MYPY_CACHE_DIR=mypy_cache)

    assert files == ["constructs_lib/storage/parameter.py", "tests/unit/constructs_lib/storage/test_parameter.py"]
    assert re.search(r"^\d{3} passed", proved, re.MULTILINE) and "Success: no issues found" in proved
    (recorded,) = (copy / "tests/unit/constructs_lib/storage/__snapshots__/test_parameter").glob("*.json")
    statement = json.loads(recorded.read_text())
    assert "ssm:GetParameter" in json.dumps(statement) and "/shop/greeting" in json.dumps(statement)
    assert "## Parameter\n" in (copy / "docs/reference/storage-parameter.md").read_text()
    doc_blocks.run(STYLE, copy)


def test_a_route_is_added(copy: Path, mypy_cache: str) -> None:
    files = follow("Add a route", copy)
    proved = doc_blocks.run(doc_blocks.script(PAGE, "lane docs: prove a route"), copy, MYPY_CACHE_DIR=mypy_cache)

    assert files == ["tests/integration/services/portal/test_cities.py"]
    assert re.search(r"^\d{2,3} passed", proved, re.MULTILINE) and "Success: no issues found" in proved
    doc_blocks.run(STYLE, copy)
