"""The matrix is whole: every row has a test, every test a row, and the table says what was measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.faults.matrix import ROWS, Fault, Recoveries, rows_of

FOLDER = Path(__file__).parent


def test_every_row_has_a_test_and_every_test_a_row() -> None:
    tests = [
        name
        for file in FOLDER.glob("test_*.py")
        if file.name not in ("test_matrix.py", "test_toxics.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    ]
    assert {row for test in tests for row in rows_of(test)} == set(ROWS)


def test_a_test_that_names_no_row_is_told() -> None:
    with pytest.raises(ValueError, match="test_something names no row; a test of the matrix is called test_w03_"):
        rows_of("test_something")


def test_a_test_may_have_several_rows() -> None:
    assert rows_of("test_w08_w09_bad_file") == ("W8", "W9")


def test_the_table_has_every_row_and_the_longest_recovery_of_each(tmp_path: Path) -> None:
    recoveries = Recoveries()
    for _ in range(2):
        fault = Fault(("W3",), recoveries)
        fault.ends()
        fault.recovered()
    recoveries.seconds["W3"] = [1.04, 12.26]
    recoveries.write(tmp_path / "new/faults.md")
    lines = (tmp_path / "new/faults.md").read_text().splitlines()
    assert len(lines) == len(ROWS) + 2
    (line,) = [line for line in lines if line.startswith("| W3 |")]
    assert line.endswith("| 2 | 12.3 |")


def test_a_recovery_without_a_fault_is_a_mistake_of_the_test() -> None:
    with pytest.raises(AssertionError, match="the fault has not ended"):
        Fault(("W3",), Recoveries()).recovered()
