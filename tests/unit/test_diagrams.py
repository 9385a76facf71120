"""The diagrams have a text alternative, and the data model matches the migrations."""

from __future__ import annotations

import re

import pytest

from tests import doc_blocks
from workspace import paths

DIAGRAMS = [diagram for page in doc_blocks.DOCUMENTS for diagram in doc_blocks.blocks(page, "mermaid")]
DATA_MODEL = "\n".join(diagram for diagram in DIAGRAMS if re.search("^erDiagram$", diagram, re.MULTILINE))
MIGRATIONS = "\n".join(file.read_text() for file in sorted((paths.ROOT / "services/migrations").glob("*.up.sql")))
TABLES = {
    name: body + "".join(re.findall(rf"^ALTER TABLE {name} ADD COLUMN(.*\n)", MIGRATIONS, re.MULTILINE))
    for name, body in re.findall(
        r"^CREATE (?:UNLOGGED )?TABLE (\w+) \(\n(.*?)^\)", MIGRATIONS, re.MULTILINE | re.DOTALL
    )
}
"""The columns of each table, in SQL."""


def relations(line: str) -> set[tuple[str, str]]:
    """List the referenced and the referencing tables of the relations with this line."""
    return set(re.findall(rf"^ *(\w+) \|\|{line}o{{ (\w+) :", DATA_MODEL, re.MULTILINE))


@pytest.mark.parametrize("diagram", DIAGRAMS)
def test_diagram_has_a_title_and_a_description(diagram: str) -> None:
    assert re.search("^ *accTitle: .+", diagram, re.MULTILINE)
    assert re.search("^ *accDescr: .{100,}", diagram, re.MULTILINE)


def test_data_model_has_every_table_once() -> None:
    assert sorted(re.findall(r"^ *(\w+) {$", DATA_MODEL, re.MULTILINE)) == sorted(TABLES)


def test_data_model_has_only_existing_columns() -> None:
    columns = [
        (table, column, kind)
        for table, body in re.findall(r"^ *(\w+) {\n(.*?)}", DATA_MODEL, re.MULTILINE | re.DOTALL)
        for kind, column in re.findall(r"^ *(\w+) (\w+)", body, re.MULTILINE)
    ]

    assert len(columns) > 70
    assert [
        (table, column, kind)
        for table, column, kind in columns
        if not re.search(rf"^ *{column} +{kind}\b", TABLES[table], re.MULTILINE | re.IGNORECASE)
    ] == []


def test_solid_lines_are_the_foreign_keys() -> None:
    keys = {(target, table) for table, body in TABLES.items() for target in re.findall(r"REFERENCES (\w+)", body)}

    assert relations("--") == keys


def test_dashed_lines_are_references_without_a_foreign_key() -> None:
    loose = relations(r"\.\.")

    assert loose.isdisjoint(relations("--"))
    assert sorted(loose) == sorted(("videos", table) for _, table in loose if "video_id" in TABLES[table])
