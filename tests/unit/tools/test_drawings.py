"""The drawings are up to date and match the migrations."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from tools.drawings import FOLDER, drawings
from workspace import paths

SVG = "{http://www.w3.org/2000/svg}"
DRAWINGS = drawings()
MIGRATIONS = "\n".join(file.read_text() for file in (paths.ROOT / "services/migrations").glob("*.up.sql"))


def texts(name: str, style: str) -> list[str]:
    """List the texts of a drawing in one style."""
    elements = ElementTree.fromstring(DRAWINGS[name]).iter(f"{SVG}text")
    return [element.text or "" for element in elements if element.get("class") == style]


def test_files_are_up_to_date() -> None:
    written = {file.name: file.read_text() for file in FOLDER.glob("*.svg")}

    assert written == DRAWINGS, "generate them: .venv/bin/python -m tools.drawings"


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing_has_a_description_and_is_linked(name: str) -> None:
    root = ElementTree.fromstring(DRAWINGS[name])
    description = root.find(f"{SVG}desc")

    assert description is not None and len(description.text or "") > 100
    assert f"(images/architecture/{name})" in (paths.ROOT / "docs/architecture.md").read_text()


@pytest.mark.parametrize("name", DRAWINGS)
def test_boxes_are_inside_the_sheet(name: str) -> None:
    root = ElementTree.fromstring(DRAWINGS[name])
    _, _, width, height = map(float, root.attrib["viewBox"].split())

    for box in root.iter(f"{SVG}rect"):
        right = float(box.get("x", 0)) + float(box.attrib["width"])
        bottom = float(box.get("y", 0)) + float(box.attrib["height"])
        assert right <= width and bottom <= height


def test_data_model_has_every_table() -> None:
    assert sorted(texts("data-model.svg", "title")) == sorted(
        re.findall(r"^CREATE.* TABLE (\w+)", MIGRATIONS, re.MULTILINE)
    )


def test_data_model_has_only_existing_columns() -> None:
    columns = {
        word
        for field in texts("data-model.svg", "field")
        for word in re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", field.partition(":")[0])
    }

    assert len(columns) > 30
    assert [column for column in sorted(columns) if not re.search(rf"\b{column}\b", MIGRATIONS)] == []
