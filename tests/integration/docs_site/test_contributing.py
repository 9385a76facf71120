"""The steps of docs/contributing.md work, in a copy of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import doc_blocks
from workspace import paths

PAGE = "docs/contributing.md"
IGNORED = shutil.ignore_patterns(".*", "node_modules", "cdktf.out", "state", "__pycache__", "s3-backup-*")
STYLE = doc_blocks.runnable(".venv/bin/ruff check . && .venv/bin/ruff format --check .")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project that the test changes."""
    return Path(shutil.copytree(paths.ROOT, tmp_path / "copy", ignore=IGNORED))


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """mypy's cache, copied from the project, so that only changed files are analysed again."""
    folder = tmp_path_factory.mktemp("cache") / "mypy"
    if (paths.ROOT / ".mypy_cache").is_dir():
        shutil.copytree(paths.ROOT / ".mypy_cache", folder)
    return str(folder)


def follow(section: str, folder: Path) -> list[str]:
    """Apply a section's diffs and write its Python files; return the files written."""
    text = (paths.ROOT / PAGE).read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    part = folder / "section.md"
    part.write_text(text)
    for change in doc_blocks.blocks(part, "diff"):
        # Line numbers are only a hint; the context lines locate the change.
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


def test_add_a_construct(copy: Path, mypy_cache: str) -> None:
    files = follow("Add a construct", copy)
    doc_blocks.run(doc_blocks.script(PAGE, "lane docs: record a construct"), copy)
    output = doc_blocks.run(doc_blocks.script(PAGE, "lane docs: check a construct"), copy, MYPY_CACHE_DIR=mypy_cache)

    assert files == ["constructs_lib/storage/parameter.py", "tests/unit/constructs_lib/storage/test_parameter.py"]
    assert re.search(r"^\d{3} passed", output, re.MULTILINE) and "Success: no issues found" in output
    (snapshot,) = (copy / "tests/unit/constructs_lib/storage/__snapshots__/test_parameter").glob("*.json")
    recorded = snapshot.read_text()
    assert "ssm:GetParameter" in recorded and "/shop/greeting" in recorded
    assert "## Parameter\n" in (copy / "docs/reference/storage-parameter.md").read_text()
    doc_blocks.run(STYLE, copy)


def test_add_a_route(copy: Path, mypy_cache: str) -> None:
    files = follow("Add a route", copy)
    output = doc_blocks.run(doc_blocks.script(PAGE, "lane docs: check a route"), copy, MYPY_CACHE_DIR=mypy_cache)

    assert files == ["tests/integration/services/portal/test_cities.py"]
    assert re.search(r"^\d{2,3} passed", output, re.MULTILINE) and "Success: no issues found" in output
    doc_blocks.run(STYLE, copy)
