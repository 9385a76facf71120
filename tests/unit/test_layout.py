"""The layout of the tests."""

from __future__ import annotations

import pathlib
from collections import Counter

TESTS = pathlib.Path(__file__).resolve().parents[1]


def test_file_names_are_unique() -> None:
    # Outside packages, pytest imports a file by its name only, so that a second one would collide.
    files = [file for file in TESTS.rglob("test_*.py") if not (file.parent / "__init__.py").exists()]
    names = Counter(file.name for file in files)

    assert [name for name, count in names.items() if count > 1] == []
