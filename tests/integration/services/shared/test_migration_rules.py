"""Every migration leaves the release before it at work: it adds, and takes away only what no release uses any more.

A file that takes something away begins with the release that stopped using it:

    -- unused since release 1.4.0: nothing reads videos.legacy_url
"""

from __future__ import annotations

import re

import pytest

from services.shared.migrate import Migration, read_migrations

UNUSED = re.compile(r"\A-- unused since release \d+\.\d+\.\d+: \S.*\n")
BREAKING = {
    "takes something away": r"\bDROP\s+(?!CONSTRAINT|INDEX|DEFAULT|NOT\s+NULL)\w+|\bDROP\s*(?=,|;|$)",
    "empties a table": r"\b(TRUNCATE|DELETE\s+FROM)\b",
    "gives something another name": r"\bRENAME\b",
    "changes a column's type": r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b",
    "refuses what was allowed": r"\bSET\s+NOT\s+NULL\b",
    "locks out writers while it works": r"\bLOCK\s+TABLE\b|\bVACUUM\s+FULL\b|\bCLUSTER\b",
    "takes a permission away": r"\bREVOKE\b",
}
ADDED_COLUMN = re.compile(
    r"\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?!CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN)[^,;]*", re.I
)


def breaches(migration: str) -> list[str]:
    """What a migration does that the release before it may not survive, unless it names the release that let go."""
    if UNUSED.match(migration):
        return []
    statements = re.sub(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", " ", migration, flags=re.DOTALL)
    found = [what for what, pattern in BREAKING.items() if re.search(pattern, statements, re.IGNORECASE)]
    for column in (
        ADDED_COLUMN.findall(statements) if re.search(r"\bALTER\s+TABLE\b", statements, re.IGNORECASE) else []
    ):
        if re.search(r"\bNOT\s+NULL\b", column, re.IGNORECASE) and not re.search(
            r"\bDEFAULT\b|\bGENERATED\b", column, re.IGNORECASE
        ):
            found.append("adds a column that must be given, without a default")
    return found


@pytest.mark.parametrize("migration", read_migrations(), ids=lambda migration: migration.name)
def test_the_release_before_goes_on_working(migration: Migration) -> None:
    assert breaches(migration.up) == []


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
def test_what_may_be_done(statement: str) -> None:
    assert breaches(statement) == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DROP TABLE votes;", "takes something away"),
        ("ALTER TABLE videos drop column title;", "takes something away"),
        ("ALTER TABLE videos DROP title;", "takes something away"),
        ("TRUNCATE votes;", "empties a table"),
        ("DELETE FROM votes;", "empties a table"),
        ("ALTER TABLE videos RENAME COLUMN title TO name;", "gives something another name"),
        ("ALTER TABLE videos RENAME TO clips;", "gives something another name"),
        ("ALTER TABLE videos ALTER COLUMN title TYPE INT;", "changes a column's type"),
        ("ALTER TABLE videos ALTER title SET DATA TYPE INT;", "changes a column's type"),
        ("ALTER TABLE videos ALTER COLUMN title SET NOT NULL;", "refuses what was allowed"),
        ("ALTER TABLE videos ADD COLUMN court TEXT NOT NULL;", "adds a column that must be given, without a default"),
        ("LOCK TABLE videos;", "locks out writers while it works"),
        ("REVOKE SELECT ON videos FROM anb;", "takes a permission away"),
        ("-- unused since we know when\nDROP TABLE votes;", "takes something away"),
        ("SELECT 1;\n-- unused since release 1.4.0: nothing\nDROP TABLE votes;", "takes something away"),
    ],
)
def test_what_may_not_be_done(statement: str, what: str) -> None:
    assert breaches(statement) == [what]
