"""Report text that is hard to read for a newcomer: ``python -m tools.plain_english [PATH...]``.

It lists words to avoid, public class names defined in several files, long test names and small files.
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
"""Words to avoid, see docs/contributing.md."""
ALLOWED = "plain-english: allow"
"""Comment that permits the words of its line."""

PRODUCT = ("constructs_lib", "stacks", "services", "workspace", "emulator", "operations", "benchmarks", "tools")
LONGEST_TEST_NAME = 60
SMALLEST_FILE = 40
_SUFFIXES = {".py", ".md", ".sh", ".html", ".js", ".css", ".sql", ".toml"}
_LEFT_OUT = ("tools/plain_english.py", "tests/unit/tools/test_plain_english.py", "services/portal/translations/")


@dataclass(frozen=True)
class Found:
    """A finding.

    Args:
        path: path of the file, relative to the project.
        line: line number from 1; for a small file, its number of lines.
        text: the word or the name.
    """

    path: str
    line: int
    text: str


def files(roots: Iterable[str] = ()) -> list[Path]:
    """List the project's text files, or those below some paths."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *roots],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    text_files = (Path(name) for name in listed if name and not name.startswith(_LEFT_OUT))
    return sorted(file for file in text_files if file.suffix in _SUFFIXES and (paths.ROOT / file).is_file())


def dialect_words(checked: Iterable[Path]) -> Iterator[Found]:
    """Yield the words to avoid, except in lines with the comment that permits them."""
    for file in checked:
        for number, line in enumerate((paths.ROOT / file).read_text(encoding="utf-8").splitlines(), 1):
            if ALLOWED not in line:
                yield from (Found(str(file), number, word) for word in WORDS.findall(line))


def repeated_classes(checked: Iterable[Path]) -> dict[str, list[str]]:
    """Return the public class names that several files define, with the files."""
    files_by_name: dict[str, list[str]] = defaultdict(list)
    for file in checked:
        if file.suffix == ".py":
            for node in ast.parse((paths.ROOT / file).read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    files_by_name[node.name].append(str(file))
    return {name: defining for name, defining in sorted(files_by_name.items()) if len(defining) > 1}


def test_names(checked: Iterable[Path]) -> Iterator[Found]:
    """Yield the names of all tests."""
    for file in checked:
        if file.name.startswith("test_") and file.suffix == ".py":
            for node in ast.walk(ast.parse((paths.ROOT / file).read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield Found(str(file), node.lineno, node.name)


def small_files(checked: Iterable[Path]) -> Iterator[Found]:
    """Yield the product's files that are so small that they probably belong in another file."""
    for file in checked:
        if file.suffix == ".py" and file.parts[0] in PRODUCT and file.name not in ("__init__.py", "__main__.py"):
            lines = len((paths.ROOT / file).read_text(encoding="utf-8").splitlines())
            if lines < SMALLEST_FILE:
                yield Found(str(file), lines, "lines")


def main(roots: list[str]) -> None:
    """Print all findings and their totals."""
    checked = files(roots)
    words, names, small = list(dialect_words(checked)), list(test_names(checked)), list(small_files(checked))
    long = [each for each in names if len(each.text) > LONGEST_TEST_NAME]
    repeated = repeated_classes(checked)
    for each in (*words, *long, *small):
        sys.stdout.write(f"{each.path}:{each.line}: {each.text}\n")
    for name, defining in repeated.items():
        sys.stdout.write(f"class {name}: {', '.join(defining)}\n")
    sys.stdout.write(
        f"{len(words)} dialect words, {len(repeated)} class names used twice, {len(long)} of {len(names)} test names "
        f"over {LONGEST_TEST_NAME} letters, {len(small)} product files under {SMALLEST_FILE} lines\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
