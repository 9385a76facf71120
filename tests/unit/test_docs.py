"""What the documents say is so: their links lead somewhere, their commands are taken, and each block of them runs."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from operations.__main__ import anb
from tests import doc_blocks
from tools.testing.lanes import LANES
from workspace import paths

DOCUMENTS = doc_blocks.DOCUMENTS
AWS_ONLY = "# AWS only"
IN_A_LANE = re.compile(r"^# (lane (\w+): .+)\n")
BY_CONTINUOUS_INTEGRATION = "./anb test"
BLOCKS = [(page, block) for page in DOCUMENTS for block in doc_blocks.blocks(page) if not block.startswith(AWS_ONLY)]


def name(document: Path) -> str:
    return document.relative_to(paths.ROOT).as_posix()


def commands(block: str) -> list[str]:
    """The lines of a block without their remarks."""
    lines = (re.sub(r"(^|\s+)# .*$", "", line) for line in block.splitlines())
    return [line for line in lines if line]


def commands_of_anb() -> list[str]:
    """Each ``./anb`` command that a document shows, in a block or in a line."""
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    return sorted({found.strip() for found in re.findall(r"\./anb((?: [a-z0-9-]+)*)", text)} - {""})


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    # A pattern in a line of code may look like a link.
    prose = re.sub(r"`[^`\n]*`", "", document.read_text())
    links = re.findall(r"\]\(([^)#\s]+)", prose)
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


def test_each_block_says_what_it_is() -> None:
    """A fence of another name that holds our commands would be run by nobody."""
    fences = {
        (name(page), fence)
        for page in DOCUMENTS
        for fence in re.findall(r"^ *```(\w*)\n", page.read_text(), re.MULTILINE)
        if fence in ("bash", "shell", "console", "zsh")
    }
    assert fences == set()


@pytest.mark.parametrize(("document", "block"), [found for found in BLOCKS if found[1].startswith("# lane")])
def test_a_block_of_a_lane_is_read_and_run_by_a_test_of_it(document: Path, block: str) -> None:
    marked = IN_A_LANE.match(block)
    assert marked, f"{name(document)}: a lane's block begins with '# lane <lane>: <name>', this one with {block[:40]!r}"
    (lane,) = [lane for lane in LANES if lane.name == marked[2]]
    folders = [paths.ROOT / folder for folder in lane.folders]
    texts = [file.read_text() for folder in folders for file in folder.rglob("*.py")]

    assert any(f'"{marked[1]}"' in text for text in texts), f"no test of the lane {lane.name} reads '{marked[1]}'"


def test_blocks_of_one_name_are_the_same() -> None:
    """On another page, or in another language."""
    same: dict[str, set[tuple[str, ...]]] = {}
    for _, block in BLOCKS:
        if marked := IN_A_LANE.match(block):
            same.setdefault(marked[1], set()).add(tuple(commands(block)))

    assert {name: found for name, found in same.items() if len(found) > 1} == {}
    assert len(same) >= 10


OTHERS = [
    (page, block)
    for page, block in BLOCKS
    if not block.startswith("# lane") and commands(block) != [BY_CONTINUOUS_INTEGRATION]
]


def test_our_commands_are_run_by_a_lane() -> None:
    """Run here they would meet, or stop, what the developer has up."""
    unclaimed = [f"{name(page)}: {block}" for page, block in OTHERS if "./anb" in block]

    assert unclaimed == [], "begin them with '# lane <lane>: <name>' and run them in a test of it, or with '# AWS only'"


@pytest.mark.parametrize("block", [block for _, block in OTHERS])
def test_the_other_blocks_run_as_shown(block: str) -> None:
    script = doc_blocks.runnable("\n".join(commands(block)))
    result = subprocess.run(["sh", "-ec", script], cwd=paths.ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
    if "main.py" in block:
        # Both of the wrong settings of the command are reported at once.
        assert result.stdout == "nothing was written\n"
        assert "ANB_API_MIN_SIZE" in result.stderr and "ANB_ALLOCATED_STORAGE" in result.stderr


def test_checks_are_those_before_a_commit() -> None:
    """Run as shown above: in the default run this is where ruff and mypy look at the project."""
    (checks,) = [block for page, block in OTHERS if name(page) == "docs/contributing.md"]
    (local,) = yaml.safe_load((paths.ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = [f"{hook['entry']} ." if hook.get("pass_filenames", True) else hook["entry"] for hook in local["hooks"]]

    assert local["repo"] == "local"
    assert checks.splitlines() == hooks


def test_continuous_integration_runs_what_no_test_can() -> None:
    assert f"exec {BY_CONTINUOUS_INTEGRATION} </dev/null\n" in (paths.ROOT / ".ci/run").read_text()


def test_parsing_is_real() -> None:
    with pytest.raises(click.NoSuchOption):
        anb.commands["up"].make_context("up", ["--no-such-thing"])


CATALOGUE = paths.ROOT / "services/portal/translations/es/LC_MESSAGES/messages.po"


@pytest.mark.parametrize("page", ["docs/es/portal.md", "docs/es/inicio-rapido.md"])
def test_words_of_buttons_are_the_portals(page: str) -> None:
    """What stands in guillemets in the Spanish pages is in the portal's catalogue."""
    known = set(re.findall(r'^msgstr(?:\[\d\])? "(.+)"$', CATALOGUE.read_text(), re.MULTILINE))
    quoted = set(re.findall(r"«([^»]+)»", (paths.ROOT / page).read_text()))

    assert len(quoted) >= 5
    assert quoted - known == set()
