"""Ids are contract: a resource that changes its address is destroyed and made anew, unless its state is moved.

Every address of the last recorded version is still there, or UPGRADE.md says how to move it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import pytest

from tests.unit.constructs_lib.example_apps import FOLDER
from tests.unit.constructs_lib.record_ids import RECORDS, addresses, version

Addresses = Mapping[str, Sequence[str]]

MOVE = re.compile(r"^terraform state mv '([^']+)' '([^']+)'$", re.MULTILINE)
GONE = re.compile(r"^- gone: `([^`]+)`", re.MULTILINE)


def unannounced(before: Addresses, now: Addresses, upgrade: str) -> list[str]:
    """What changed its address and UPGRADE.md does not tell of."""
    there = {address for made in now.values() for address in made}
    moved = {old for old, new in MOVE.findall(upgrade) if new in there}
    told = moved | set(GONE.findall(upgrade))
    return [
        f"{example}: {address}"
        for example, made in before.items()
        for address in made
        if address not in now.get(example, ()) and address not in told
    ]


def told_in_vain(now: Addresses, upgrade: str) -> list[str]:
    """Moves that lead to no resource."""
    there = {address for made in now.values() for address in made}
    return [new for _, new in MOVE.findall(upgrade) if new not in there]


def outside_of_templates(upgrade: str) -> str:
    """UPGRADE.md without the part that shows how an entry looks."""
    return upgrade.partition("\n## ")[2]


@pytest.fixture(scope="module")
def now() -> Addresses:
    return addresses()


@pytest.fixture
def upgrade() -> str:
    return outside_of_templates((FOLDER.parent / "UPGRADE.md").read_text())


def test_every_address_is_still_there_or_its_move_is_told(now: Addresses, upgrade: str) -> None:
    newest = max(RECORDS.glob("*.json"), key=lambda file: [int(part) for part in file.stem.split(".")])

    lost = unannounced(json.loads(newest.read_text()), now, upgrade)

    assert lost == [], (
        f"these addresses of {newest.stem} are gone. Keep the ids, or write the move in UPGRADE.md; as long as "
        f"{newest.stem} is unreleased, record them again: .venv/bin/python -m tests.unit.constructs_lib.record_ids"
    )
    assert told_in_vain(now, upgrade) == []


def test_the_version_is_recorded_and_in_the_changelog() -> None:
    assert (RECORDS / f"{version()}.json").exists()
    assert f"## {version()}" in (FOLDER.parent / "CHANGELOG.md").read_text()


BEFORE = {"bucket": ["aws_s3_bucket.photos_bucket_1", "aws_s3_bucket_policy.photos_policy_2"]}
MOVED = {"bucket": ["aws_s3_bucket.photos_store_3", "aws_s3_bucket_policy.photos_policy_2"]}
LOST = ["bucket: aws_s3_bucket.photos_bucket_1"]


@pytest.mark.parametrize(
    ("upgrade", "lost"),
    [
        ("", ["bucket: aws_s3_bucket.photos_bucket_1"]),
        ("terraform state mv 'aws_s3_bucket.photos_bucket_1' 'aws_s3_bucket.photos_store_3'\n", []),
        (
            "terraform state mv 'aws_s3_bucket.photos_bucket_1' 'aws_s3_bucket.nowhere'\n",
            ["bucket: aws_s3_bucket.photos_bucket_1"],
        ),
        ("- gone: `aws_s3_bucket.photos_bucket_1`, made by nobody any more\n", []),
    ],
)
def test_a_changed_id_is_seen(upgrade: str, lost: list[str]) -> None:
    assert unannounced(BEFORE, MOVED, upgrade) == lost
    assert unannounced(BEFORE, BEFORE, "") == []


def test_the_form_of_an_entry_is_what_is_read() -> None:
    shown = (FOLDER.parent / "UPGRADE.md").read_text()

    assert len(MOVE.findall(shown)) == 1 and len(GONE.findall(shown)) == 1
    assert "Before" in shown and "After" in shown
