"""The table of docs/security.md and the tests that are marked with an item of the ASVS say the same."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

from ..process import ROOT

TESTS = ROOT / "tests"
HEADING = "## OWASP ASVS 5.0, item by item"
#: The items that the portal is held to, row by row.
ITEMS = """
1.2.4 | 1.2.5 | 1.2.9 | 1.3.6 | 2.2.1 | 2.2.2 | 2.3.1 | 2.3.3 | 2.3.4 | 2.4.1 | 3.2.1 | 3.2.2 | 3.3.1 3.3.3 | 3.3.2 |
3.3.4 | 3.4.1 | 3.4.2 | 3.4.3 | 3.4.4 3.4.5 3.4.6 | 3.5.1 | 3.5.3 | 4.1.3 15.3.4 | 4.2.1 | 5.2.1 | 5.2.2 | 5.3.2 |
5.4.1 5.4.2 | 6.2.1 6.2.9 | 6.2.4 6.2.12 | 6.2.5 | 6.2.2 6.2.3 7.4.3 | 6.3.1 | 7.2.4 | 7.4.1 | 7.4.2 7.4.5 | 7.3.1
7.3.2 | 8.2.1 | 8.2.2 | 8.2.3 15.3.1 | 9.1.2 9.2.1 9.2.2 9.2.3 | 11.4.2 | 13.3.1 | 13.4.2 | 13.4.5 | 14.3.2 | 15.3.3 |
16.2.1 16.2.5 16.3.1 16.4.1 | 16.5.1 16.5.2 16.5.3
"""


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    number: int
    items: tuple[str, ...]
    asks: str
    files: tuple[str, ...]


@cache
def table() -> list[Row]:
    """The rows, as the document has them."""
    _, text = (ROOT / "docs" / "security.md").read_text("utf-8").split(HEADING)
    cells = [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines() if line[:3] != "| -"
    ]
    return [
        Row(int(row[0]), tuple(row[1].split(", ")), row[2], tuple(re.findall("`([^`]+)`", row[3])))
        for row in cells
        if row[0].isdecimal()
    ]


@cache
def proofs() -> dict[str, set[str]]:
    """The files that hold tests of each item, as the table writes them."""
    found: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        name = path.relative_to(TESTS).as_posix().replace("integration/services/portal/asvs/", "asvs/")
        for item in marked(path.read_text("utf-8")):
            found.setdefault(item, set()).add(name)
    return found


def marked(source: str) -> list[str]:
    """The items that a file's tests are marked with."""
    if ".asvs(" not in source:
        return []
    return [
        ast.literal_eval(argument)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.asvs"
        for argument in mark.args
    ]


def test_each_of_the_items_has_its_row() -> None:
    wanted = [set(row.split()) for row in ITEMS.split("|")]
    assert len(wanted) == 48
    assert [row.number for row in table()] == list(range(1, 49))
    for row, items in zip(table(), wanted, strict=True):
        assert items <= set(row.items), row


def test_items_of_rows_are_those_that_tests_are_marked_with() -> None:
    items = [item for row in table() for item in row.items]
    assert sorted(items) == sorted(proofs())


def test_a_row_names_the_files_that_hold_its_tests_and_no_other() -> None:
    for row in table():
        assert row.asks and len(row.files) == len(set(row.files)), row
        assert set(row.files) == set().union(*(proofs()[item] for item in row.items)), row


def test_each_test_of_this_folder_is_marked_with_an_item_of_its_chapter() -> None:
    for path in sorted((TESTS / "integration/services/portal/asvs").glob("test_v*.py")):
        chapter = re.match(r"test_v(\d+)_", path.name)
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                items = marked(ast.unparse(node))
                assert chapter and items, f"{path.name}: {node.name}"
                # Chapter 15 has an item in common with each of two others.
                assert {item.partition(".")[0] for item in items} <= {chapter[1], "15"}, f"{path.name}: {node.name}"
