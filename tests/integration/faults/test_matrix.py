"""The matrix is complete: every row has a test, every test a row, and the table has the measured times."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.faults.matrix import ROWS, Fault, Recoveries, parse_rows

FOLDER = Path(__file__).parent


def test_every_row_has_a_test_and_every_test_a_row() -> None:
    tests = [
        name
        for file in FOLDER.glob("test_*.py")
        if file.name not in ("test_matrix.py", "test_toxics.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    ]
    assert {row for test in tests for row in parse_rows(test)} == set(ROWS)


def test_test_name_without_row_is_an_error() -> None:
    with pytest.raises(ValueError, match="test_something names no row; must be like test_w03_description"):
        parse_rows("test_something")


def test_test_name_may_have_several_rows() -> None:
    assert parse_rows("test_w08_w09_bad_file") == ("W8", "W9")


def test_table_has_every_row_with_its_longest_recovery(tmp_path: Path) -> None:
    recoveries = Recoveries()
    for _ in range(2):
        fault = Fault(("W3",), recoveries)
        fault.end()
        fault.mark_recovered()
    recoveries.seconds["W3"] = [1.04, 12.26]
    recoveries.write(tmp_path / "new/faults.md")
    lines = (tmp_path / "new/faults.md").read_text().splitlines()
    assert len(lines) == len(ROWS) + 2
    (line,) = [line for line in lines if line.startswith("| W3 |")]
    assert line.endswith("| 2 | 12.3 |")


def test_recovery_before_end_of_fault_is_an_error() -> None:
    with pytest.raises(AssertionError, match="the fault has not ended"):
        Fault(("W3",), Recoveries()).mark_recovered()
