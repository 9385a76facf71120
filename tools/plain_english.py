"""Count what makes the code hard to read for a newcomer: ``python -m tools.plain_english [PATH...]``.

Prints the lines that hold dialect words, public class names that stand twice, long test names and small files.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workspace import paths

WORDS = re.compile(
    r"\b(mend(?:s|ed|ing)?|told|tells?|begun|deeds?|whoever|nobody|anybody|somebody|dear|beforehand|those that"
    r"|for want of|of its own accord)\b",
    re.IGNORECASE,
)
"""Words that are a smell: docs/contributing.md says what to write instead."""
ALLOWED = "plain-english: allow"
"""A line that holds this comment is not counted."""

PRODUCT = ("constructs_lib", "stacks", "services", "workspace", "emulator", "operations", "benchmarks", "tools")
LONGEST_TEST_NAME = 65
SMALLEST_FILE = 40
_SUFFIXES = {".py", ".md", ".sh", ".html", ".js", ".css", ".sql", ".toml"}
_LEFT_OUT = ("tools/plain_english.py", "tests/unit/tools/test_plain_english.py", "services/portal/translations/")


@dataclass(frozen=True)
class Found:
    """One thing that is hard to read.

    Args:
        path: relative to the project.
        line: its number, from 1.
        text: what was found.
    """

    path: str
    line: int
    text: str


def files(roots: Iterable[str] = ()) -> list[Path]:
    """The project's text files, or those below some paths."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *roots],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    found = (Path(name) for name in listed if name and not name.startswith(_LEFT_OUT))
    return sorted(each for each in found if each.suffix in _SUFFIXES and (paths.ROOT / each).is_file())


def dialect_words(among: Iterable[Path]) -> Iterator[Found]:
    """Lines that hold a dialect word and no permission to."""
    for file in among:
        for number, line in enumerate((paths.ROOT / file).read_text(encoding="utf-8").splitlines(), 1):
            if ALLOWED not in line:
                yield from (Found(str(file), number, word) for word in WORDS.findall(line))


def repeated_classes(among: Iterable[Path]) -> dict[str, list[str]]:
    """Public class names that stand in several files, with the files."""
    holders: dict[str, list[str]] = defaultdict(list)
    for file in among:
        if file.suffix == ".py":
            for node in ast.parse((paths.ROOT / file).read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    holders[node.name].append(str(file))
    return {name: holding for name, holding in sorted(holders.items()) if len(holding) > 1}


def test_names(among: Iterable[Path]) -> Iterator[Found]:
    """The names of all tests."""
    for file in among:
        if file.name.startswith("test_") and file.suffix == ".py":
            for node in ast.walk(ast.parse((paths.ROOT / file).read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield Found(str(file), node.lineno, node.name)


def small_files(among: Iterable[Path]) -> Iterator[Found]:
    """Files of the product that are too small to be a place of their own."""
    for file in among:
        if file.suffix == ".py" and file.parts[0] in PRODUCT and file.name not in ("__init__.py", "__main__.py"):
            lines = len((paths.ROOT / file).read_text(encoding="utf-8").splitlines())
            if lines < SMALLEST_FILE:
                yield Found(str(file), lines, "lines")


def main(roots: list[str]) -> None:
    """Print everything that is found, and the sums."""
    among = files(roots)
    words, names, small = list(dialect_words(among)), list(test_names(among)), list(small_files(among))
    long = [each for each in names if len(each.text) > LONGEST_TEST_NAME]
    repeated = repeated_classes(among)
    for each in (*words, *long, *small):
        sys.stdout.write(f"{each.path}:{each.line}: {each.text}\n")
    for name, holding in repeated.items():
        sys.stdout.write(f"class {name}: {', '.join(holding)}\n")
    sys.stdout.write(
        f"{len(words)} dialect words, {len(repeated)} class names used twice, {len(long)} of {len(names)} test names "
        f"over {LONGEST_TEST_NAME} letters, {len(small)} product files under {SMALLEST_FILE} lines\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
