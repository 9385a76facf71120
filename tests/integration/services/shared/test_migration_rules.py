"""Every migration is compatible with the previous release: it adds, and removes only what no release uses.

A file that removes something starts with the release that stopped using it:

    -- unused since release 1.4.0: nothing reads videos.legacy_url
"""

from __future__ import annotations

import re

import pytest

from services.shared.migrate import Migration, read_migrations

UNUSED = re.compile(r"\A-- unused since release \d+\.\d+\.\d+: \S.*\n")
BREAKING = {
    "drops something": r"\bDROP\s+(?!CONSTRAINT|INDEX|DEFAULT|NOT\s+NULL)\w+|\bDROP\s*(?=,|;|$)",
    "empties a table": r"\b(TRUNCATE|DELETE\s+FROM)\b",
    "renames something": r"\bRENAME\b",
    "changes a column type": r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b",
    "rejects values that were allowed": r"\bSET\s+NOT\s+NULL\b",
    "blocks writers": r"\bLOCK\s+TABLE\b|\bVACUUM\s+FULL\b|\bCLUSTER\b",
    "revokes a permission": r"\bREVOKE\b",
}
ADDED_COLUMN = re.compile(
    r"\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?!CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN)[^,;]*", re.I
)


def find_breaches(migration: str) -> list[str]:
    """Find statements that break the previous release. None if the file names the release that stopped using it."""
    if UNUSED.match(migration):
        return []
    statements = re.sub(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", " ", migration, flags=re.DOTALL)
    found = [breach for breach, pattern in BREAKING.items() if re.search(pattern, statements, re.IGNORECASE)]
    for column in (
        ADDED_COLUMN.findall(statements) if re.search(r"\bALTER\s+TABLE\b", statements, re.IGNORECASE) else []
    ):
        if re.search(r"\bNOT\s+NULL\b", column, re.IGNORECASE) and not re.search(
            r"\bDEFAULT\b|\bGENERATED\b", column, re.IGNORECASE
        ):
            found.append("adds a required column without a default")
    return found


@pytest.mark.parametrize("migration", read_migrations(), ids=lambda migration: migration.name)
def test_previous_release_keeps_working(migration: Migration) -> None:
    assert find_breaches(migration.up) == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE players (id INT PRIMARY KEY, name TEXT NOT NULL);",
        "ALTER TABLE videos ADD COLUMN court TEXT;",
        "ALTER TABLE videos ADD COLUMN court TEXT NOT NULL DEFAULT '';",
        "ALTER TABLE videos ALTER COLUMN title DROP NOT NULL;",
        "ALTER TABLE videos ALTER COLUMN title DROP DEFAULT;",
        "ALTER TABLE videos ADD CONSTRAINT c CHECK (court IS NOT NULL) NOT VALID;",
        "CREATE INDEX courts ON videos (court); -- DROP TABLE videos",
        "INSERT INTO words VALUES ('DROP TABLE videos');",
        "-- unused since release 1.4.0: nothing reads videos.legacy_url\nALTER TABLE videos DROP COLUMN legacy_url;",
    ],
)
def test_allowed_statements(statement: str) -> None:
    assert find_breaches(statement) == []


@pytest.mark.parametrize(
    ("statement", "breach"),
    [
        ("DROP TABLE votes;", "drops something"),
        ("ALTER TABLE videos drop column title;", "drops something"),
        ("ALTER TABLE videos DROP title;", "drops something"),
        ("TRUNCATE votes;", "empties a table"),
        ("DELETE FROM votes;", "empties a table"),
        ("ALTER TABLE videos RENAME COLUMN title TO name;", "renames something"),
        ("ALTER TABLE videos RENAME TO clips;", "renames something"),
        ("ALTER TABLE videos ALTER COLUMN title TYPE INT;", "changes a column type"),
        ("ALTER TABLE videos ALTER title SET DATA TYPE INT;", "changes a column type"),
        ("ALTER TABLE videos ALTER COLUMN title SET NOT NULL;", "rejects values that were allowed"),
        ("ALTER TABLE videos ADD COLUMN court TEXT NOT NULL;", "adds a required column without a default"),
        ("LOCK TABLE videos;", "blocks writers"),
        ("REVOKE SELECT ON videos FROM anb;", "revokes a permission"),
        ("-- unused since we know when\nDROP TABLE votes;", "drops something"),
        ("SELECT 1;\n-- unused since release 1.4.0: nothing\nDROP TABLE votes;", "drops something"),
    ],
)
def test_breaking_statements(statement: str, breach: str) -> None:
    assert find_breaches(statement) == [breach]
