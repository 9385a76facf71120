"""What the documents say is so: their links lead somewhere and their commands are taken."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from operations import project
from operations.__main__ import anb

PAGES = ("README.md", "CHANGELOG.md", "UPGRADE.md", "examples/README.md")
DOCUMENTS = [*(project.ROOT / page for page in PAGES), *sorted((project.ROOT / "docs").rglob("*.md"))]
ELSEWHERE = ("# AWS only", "# lane ")
"""What a block begins with when its commands run on AWS, or in a lane of their own."""


def blocks(document: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)


def commands_of_anb() -> list[str]:
    """Each ``./anb`` command that a document shows, in a block or in a line."""
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    return sorted({found.strip() for found in re.findall(r"\./anb((?: [a-z0-9-]+)*)", text)} - {""})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(project.ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("command", commands_of_anb())
def test_the_commands_shown_exist(command: str) -> None:
    """Each is parsed as a run would, and not run."""
    try:
        name, found, rest = anb.resolve_command(*_parsed(anb, "anb", shlex.split(command)))
        assert found is not None
        found.make_context(name, rest)
    except click.exceptions.Exit as answered:
        # Where the command asks for help it is answered at once.
        assert "--help" in command and answered.exit_code == 0


def _parsed(group: click.Group, name: str, words: list[str]) -> tuple[click.Context, list[str]]:
    return group.make_context(name, list(words)), words


def test_the_other_commands_run_as_shown() -> None:
    shown = [block for document in DOCUMENTS for block in blocks(document) if not block.startswith(ELSEWHERE)]
    ran = []
    for block in shown:
        for line in block.splitlines():
            if not line.startswith("./anb"):
                command = line.replace(".venv/bin/python", shlex.quote(sys.executable))
                result = subprocess.run(
                    ["sh", "-c", command], cwd=project.ROOT, capture_output=True, text=True, check=False
                )
                ran.append((line, result.returncode, result.stdout, result.stderr))
    assert len(ran) == 1
    line, code, output, said = ran[0]
    assert code == 0 and output == "nothing was written\n"
    # Both of the wrong settings of the command are reported at once.
    assert "ANB_API_MIN_SIZE" in said and "ANB_ALLOCATED_STORAGE" in said


def test_parsing_is_real() -> None:
    with pytest.raises(click.NoSuchOption):
        anb.commands["up"].make_context("up", ["--no-such-thing"])
