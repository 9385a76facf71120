"""Read and run the code blocks of the documents."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

from workspace import paths

PAGES = ("README.md", "CHANGELOG.md", "UPGRADE.md", "constructs_lib/CHANGELOG.md", "examples/README.md")
FOLDERS = ("docs", ".github")
DOCUMENTS = [
    *(paths.ROOT / page for page in PAGES),
    *(page for folder in FOLDERS for page in sorted((paths.ROOT / folder).rglob("*.md"))),
]


def blocks(document: Path, language: str = "sh") -> list[str]:
    """Return the blocks of a language, in order."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", document.read_text(), re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


def script(page: str, name: str) -> str:
    """Return the commands of a page's block that starts with ``# <name>``, to be run with this Python."""
    (block,) = [block for block in blocks(paths.ROOT / page) if block.startswith(f"# {name}\n")]
    return runnable(block)


def runnable(commands: str) -> str:
    """Replace the programs of ``.venv`` by those of this Python, so that commands run in any folder."""
    programs = Path(sys.executable).parent
    return re.sub(r"\.venv/bin/(\w+)", lambda found: shlex.quote(str(programs / found[1])), commands)


def run(commands: str, folder: Path, **variables: str) -> str:
    """Run commands in a folder, in a shell without this project's variables; return the output.

    Raises:
        AssertionError: a command failed.
    """
    excluded = ("ANB_", "CONSTRUCTS_LIB_", "PYTEST_")
    result = subprocess.run(
        ["sh", "-ec", commands],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(excluded)},
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
    """Return the arguments of each ``./anb`` line in a page's block that starts with ``# <name>``."""
    lines = [shlex.split(line, comments=True) for line in script(page, name).splitlines()[1:]]
    assert all(line[0] == "./anb" for line in lines)
    return [line[1:] for line in lines]
