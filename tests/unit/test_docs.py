"""The links of the documents work, their commands exist, and each block of commands runs."""

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
URL = re.compile(r"https?://[\w.-]+(:\d+)?(/\S*)?")
AWS_ONLY = "# AWS only"
IN_A_LANE = re.compile(r"^# (lane (\w+): .+)\n")
BY_CONTINUOUS_INTEGRATION = "./anb test"
BLOCKS = [(page, block) for page in DOCUMENTS for block in doc_blocks.blocks(page) if not block.startswith(AWS_ONLY)]


def name(document: Path) -> str:
    return document.relative_to(paths.ROOT).as_posix()


def commands(block: str) -> list[str]:
    """Return the lines of a block without comments."""
    lines = (re.sub(r"(^|\s+)# .*$", "", line) for line in block.splitlines())
    return [line for line in lines if line]


def commands_of_anb() -> list[str]:
    """List the ``./anb`` commands in the documents, in blocks and in text."""
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    return sorted({found.strip() for found in re.findall(r"\./anb((?: [a-z0-9-]+)*)", text)} - {""})


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_work(document: Path) -> None:
    # Inline code can look like a link.
    prose = re.sub(r"`[^`\n]*`", "", document.read_text())
    links = re.findall(r"\]\(([^)#]+)", prose)
    assert [link for link in links if not (URL.fullmatch(link) or (document.parent / link).exists())] == []
    assert re.findall(r"<(?:a|img)\s[^>]*>", prose) == [], "Sphinx does not check links in HTML: write them in Markdown"


@pytest.mark.parametrize("command", commands_of_anb())
def test_commands_exist(command: str) -> None:
    """Parse each command without running it."""
    try:
        name, found, rest = anb.resolve_command(*_parsed(anb, "anb", shlex.split(command)))
        assert found is not None
        found.make_context(name, rest)
    except click.exceptions.Exit as ended:
        # --help exits while the command is parsed.
        assert "--help" in command and ended.exit_code == 0


def _parsed(group: click.Group, name: str, words: list[str]) -> tuple[click.Context, list[str]]:
    return group.make_context(name, list(words)), words


def test_shell_blocks_use_the_sh_fence() -> None:
    """Blocks with another fence would not be tested."""
    fences = {
        (name(page), fence)
        for page in DOCUMENTS
        for fence in re.findall(r"^ *```(\w*)\n", page.read_text(), re.MULTILINE)
        if fence in ("bash", "shell", "console", "zsh")
    }
    assert fences == set()


@pytest.mark.parametrize(("document", "block"), [found for found in BLOCKS if found[1].startswith("# lane")])
def test_lane_blocks_are_run_by_a_test_of_the_lane(document: Path, block: str) -> None:
    marked = IN_A_LANE.match(block)
    assert marked, f"{name(document)}: a lane's block starts with '# lane <lane>: <name>', this one with {block[:40]!r}"
    (lane,) = [lane for lane in LANES if lane.name == marked[2]]
    folders = [paths.ROOT / folder for folder in lane.folders]
    texts = [file.read_text() for folder in folders for file in folder.rglob("*.py")]

    assert any(f'"{marked[1]}"' in text for text in texts), f"no test of the lane {lane.name} reads '{marked[1]}'"


def test_blocks_with_the_same_name_are_equal() -> None:
    """Also on other pages and in other languages."""
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


def test_anb_blocks_belong_to_a_lane() -> None:
    """Run here, they would interfere with the developer's running system."""
    unclaimed = [f"{name(page)}: {block}" for page, block in OTHERS if "./anb" in block]

    assert unclaimed == [], "start them with '# lane <lane>: <name>' and run them in a test of it, or with '# AWS only'"


@pytest.mark.parametrize("block", [block for _, block in OTHERS])
def test_other_blocks_run(block: str) -> None:
    script = doc_blocks.runnable("\n".join(commands(block)))
    result = subprocess.run(["sh", "-ec", script], cwd=paths.ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
    if "main.py" in block:
        # Both invalid settings of the command are reported together.
        assert result.stdout == "nothing was written\n"
        assert "ANB_API_MIN_SIZE" in result.stderr and "ANB_ALLOCATED_STORAGE" in result.stderr


def test_checks_equal_the_pre_commit_hooks() -> None:
    """The block itself runs above; this is where the default test run includes ruff and mypy."""
    (checks,) = [block for page, block in OTHERS if name(page) == "docs/contributing.md"]
    (local,) = yaml.safe_load((paths.ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = [f"{hook['entry']} ." if hook.get("pass_filenames", True) else hook["entry"] for hook in local["hooks"]]

    assert local["repo"] == "local"
    assert checks.splitlines() == hooks


def test_continuous_integration_runs_anb_test() -> None:
    assert f"exec {BY_CONTINUOUS_INTEGRATION} </dev/null\n" in (paths.ROOT / ".ci/run").read_text()


def test_unknown_option_is_rejected() -> None:
    with pytest.raises(click.NoSuchOption):
        anb.commands["up"].make_context("up", ["--no-such-thing"])


CATALOGUE = paths.ROOT / "services/portal/translations/es/LC_MESSAGES/messages.po"


@pytest.mark.parametrize("page", ["docs/es/portal.md", "docs/es/inicio-rapido.md"])
def test_quoted_labels_exist_in_the_portal(page: str) -> None:
    """Text in guillemets in the Spanish pages is in the portal's catalogue."""
    known = set(re.findall(r'^msgstr(?:\[\d\])? "(.+)"$', CATALOGUE.read_text(), re.MULTILINE))
    quoted = set(re.findall(r"«([^»]+)»", (paths.ROOT / page).read_text()))

    assert len(quoted) >= 5
    assert quoted - known == set()
