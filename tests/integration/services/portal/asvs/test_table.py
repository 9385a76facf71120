"""The table in docs/security.md matches the tests that are marked with ASVS items."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

from ..process import ROOT

TESTS = ROOT / "tests"
HEADING = "## OWASP ASVS 5.0, item by item"
#: The required ASVS items by row.
ITEMS = """
1.2.4 | 1.2.5 | 1.2.9 | 1.3.6 | 2.2.1 | 2.2.2 | 2.3.1 | 2.3.3 | 2.3.4 | 2.4.1 | 3.2.1 | 3.2.2 | 3.3.1 3.3.3 | 3.3.2 |
3.3.4 | 3.4.1 | 3.4.2 | 3.4.3 | 3.4.4 3.4.5 3.4.6 | 3.5.1 | 3.5.3 | 4.1.3 15.3.4 | 4.2.1 | 5.2.1 | 5.2.2 | 5.3.2 |
5.4.1 5.4.2 | 6.2.1 6.2.9 | 6.2.4 6.2.12 | 6.2.5 | 6.2.2 6.2.3 7.4.3 | 6.3.1 | 7.2.4 | 7.4.1 | 7.4.2 7.4.5 | 7.3.1
7.3.2 | 8.2.1 | 8.2.2 | 8.2.3 15.3.1 | 9.1.2 9.2.1 9.2.2 9.2.3 | 11.4.2 | 13.3.1 | 13.4.2 | 13.4.5 | 14.3.2 | 15.3.3 |
16.2.1 16.2.5 16.3.1 16.4.1 | 16.5.1 16.5.2 16.5.3
"""


@dataclass(frozen=True)
class RequirementRow:
    """One requirement of the table."""

    number: int
    items: tuple[str, ...]
    requirement: str
    files: tuple[str, ...]


@cache
def requirement_rows() -> list[RequirementRow]:
    """Parse the table's rows."""
    _, text = (ROOT / "docs" / "security.md").read_text("utf-8").split(HEADING)
    cells = [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines() if line[:3] != "| -"
    ]
    return [
        RequirementRow(int(row[0]), tuple(row[1].split(", ")), row[2], tuple(re.findall("`([^`]+)`", row[3])))
        for row in cells
        if row[0].isdecimal()
    ]


@cache
def files_by_item() -> dict[str, set[str]]:
    """Find the files with tests of each item, named as in the table."""
    files: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        name = path.relative_to(TESTS).as_posix().replace("integration/services/portal/asvs/", "asvs/")
        for item in marked_items(path.read_text("utf-8")):
            files.setdefault(item, set()).add(name)
    return files


def marked_items(source: str) -> list[str]:
    """Return the items that a source's tests are marked with."""
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


def test_every_required_item_has_its_row() -> None:
    required = [set(row.split()) for row in ITEMS.split("|")]
    assert len(required) == 48
    assert [row.number for row in requirement_rows()] == list(range(1, 49))
    for row, items in zip(requirement_rows(), required, strict=True):
        assert items <= set(row.items), row


def test_table_items_equal_marked_items() -> None:
    items = [item for row in requirement_rows() for item in row.items]
    assert sorted(items) == sorted(files_by_item())


def test_row_names_exactly_the_files_with_its_tests() -> None:
    for row in requirement_rows():
        assert row.requirement and len(row.files) == len(set(row.files)), row
        assert set(row.files) == set().union(*(files_by_item()[item] for item in row.items)), row


def test_asvs_tests_are_marked_with_items_of_their_chapter() -> None:
    for path in sorted((TESTS / "integration/services/portal/asvs").glob("test_v*.py")):
        chapter = re.match(r"test_v(\d+)_", path.name)
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                items = marked_items(ast.unparse(node))
                assert chapter and items, f"{path.name}: {node.name}"
                # Two other chapters share an item with chapter 15.
                assert {item.partition(".")[0] for item in items} <= {chapter[1], "15"}, f"{path.name}: {node.name}"
