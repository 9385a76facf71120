"""The tests' own tree."""

from __future__ import annotations

import pathlib
from collections import Counter

TESTS = pathlib.Path(__file__).resolve().parents[1]


def test_no_two_files_of_tests_share_a_name() -> None:
    # In a folder that is no package, pytest imports a file by its name alone, and would find the other one.
    alone = [file for file in TESTS.rglob("test_*.py") if not (file.parent / "__init__.py").exists()]
    names = Counter(file.name for file in alone)

    assert [name for name, count in names.items() if count > 1] == []
