"""The tool that counts hard-to-read text and names, and the project's limits for each count."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import plain_english
from workspace import paths

MAX_DIALECT_WORDS = 60
MAX_REPEATED_CLASSES = 3
MAX_LONG_TEST_NAMES = 0.05
"""Share of all test names."""
MAX_SMALL_FILES = 24


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that the tool reads instead of this one."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """All text files of this project."""
    return plain_english.files()


def test_dialect_word_is_found_with_its_line(project: Path) -> None:
    (project / "page.md").write_text("# Page\n\nWhoever reads this, and nobody else, is told.\n")

    found = list(plain_english.dialect_words([Path("page.md")]))

    assert [(each.path, each.line, each.text) for each in found] == [
        ("page.md", 3, word) for word in ("Whoever", "nobody", "told")
    ]


def test_part_of_a_word_is_not_found(project: Path) -> None:
    (project / "page.md").write_text("The amendment foretells endearing commands.\n")

    assert list(plain_english.dialect_words([Path("page.md")])) == []


def test_line_with_the_comment_is_not_counted(project: Path) -> None:
    lines = ['LABEL = "Nobody called"  # plain-english: allow', 'OTHER = "Nobody called"']
    (project / "labels.py").write_text("\n".join(lines))

    assert [each.line for each in plain_english.dialect_words([Path("labels.py")])] == [2]


def test_public_class_name_in_two_files_is_repeated(project: Path) -> None:
    (project / "a.py").write_text("class Result: pass\nclass _Private: pass\nclass Only: pass\n")
    (project / "b.py").write_text("class Result: pass\nclass _Private: pass\n")

    assert plain_english.repeated_classes([Path("a.py"), Path("b.py")]) == {"Result": ["a.py", "b.py"]}


def test_small_files_are_those_of_the_product(project: Path) -> None:
    for folder in ("tools", "tests"):
        (project / folder).mkdir()
        (project / folder / "__init__.py").write_text("")
        (project / folder / "small.py").write_text("VALUE = 1\n")
    (project / "tools/large.py").write_text("VALUE = 1\n" * plain_english.SMALLEST_FILE)
    names = [file.relative_to(project) for file in sorted(project.rglob("*.py"))]

    assert [each.path for each in plain_english.small_files(names)] == ["tools/small.py"]


def test_project_has_few_dialect_words(files: list[Path]) -> None:
    found = [f"{each.path}:{each.line}: {each.text}" for each in plain_english.dialect_words(files)]

    assert len(found) <= MAX_DIALECT_WORDS, "\n".join(["use plain English, see docs/contributing.md:", *found])


def test_project_has_few_repeated_class_names(files: list[Path]) -> None:
    found = [f"{name}: {', '.join(holders)}" for name, holders in plain_english.repeated_classes(files).items()]

    assert len(found) <= MAX_REPEATED_CLASSES, "\n".join(["rename one of each:", *found])


def test_project_has_few_long_test_names(files: list[Path]) -> None:
    names = list(plain_english.test_names(files))
    found = [
        f"{each.path}:{each.line}: {each.text}" for each in names if len(each.text) > plain_english.LONGEST_TEST_NAME
    ]

    assert len(found) <= MAX_LONG_TEST_NAMES * len(names), "\n".join(["shorten these names:", *found])


def test_project_has_few_small_files(files: list[Path]) -> None:
    found = [f"{each.path}: {each.line} lines" for each in plain_english.small_files(files)]

    assert len(found) <= MAX_SMALL_FILES, "\n".join(["merge some into the files that use them:", *found])
