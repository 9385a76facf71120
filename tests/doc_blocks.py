"""The blocks of commands that the documents show, read where they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

from workspace import paths

PAGES = ("README.md", "CHANGELOG.md", "UPGRADE.md", "examples/README.md")
FOLDERS = ("docs", ".github")
DOCUMENTS = [
    *(paths.ROOT / page for page in PAGES),
    *(page for folder in FOLDERS for page in sorted((paths.ROOT / folder).rglob("*.md"))),
]


def blocks(document: Path, language: str = "sh") -> list[str]:
    """Every block of a language, in its order."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", document.read_text(), re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


def script(page: str, name: str) -> str:
    """The commands of a page's block that begins with ``# <name>``, with the Python that runs the tests."""
    (block,) = [block for block in blocks(paths.ROOT / page) if block.startswith(f"# {name}\n")]
    return runnable(block)


def runnable(commands: str) -> str:
    """Commands as a shell can run them anywhere: the project's programs are this Python's."""
    programs = Path(sys.executable).parent
    return re.sub(r"\.venv/bin/(\w+)", lambda found: shlex.quote(str(programs / found[1])), commands)


def run(commands: str, folder: Path, **variables: str) -> str:
    """What commands print in a folder, as a shell runs them that knows nothing of this project; they must succeed."""
    strange = ("ANB_", "CONSTRUCTS_LIB_", "PYTEST_")
    result = subprocess.run(
        ["sh", "-ec", commands],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(strange)},
            "PYTHONPATH": str(folder),
            "NO_COLOR": "1",
            **variables,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{commands}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def anb(page: str, name: str) -> list[list[str]]:
    """The words after ``./anb`` of each line of a page's block that begins with ``# <name>``."""
    lines = [shlex.split(line, comments=True) for line in script(page, name).splitlines()[1:]]
    assert all(line[0] == "./anb" for line in lines)
    return [line[1:] for line in lines]
