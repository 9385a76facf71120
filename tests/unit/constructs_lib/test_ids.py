"""Ids are part of the contract: Terraform replaces a resource whose address changes, unless its state is moved.

Every address of the last recorded version still exists, or UPGRADE.md has the move.
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


def undocumented_changes(before: Addresses, now: Addresses, upgrade: str) -> list[str]:
    """Changed addresses that UPGRADE.md does not mention."""
    existing = {address for addresses in now.values() for address in addresses}
    moved = {old for old, new in MOVE.findall(upgrade) if new in existing}
    documented = moved | set(GONE.findall(upgrade))
    return [
        f"{example}: {address}"
        for example, addresses in before.items()
        for address in addresses
        if address not in now.get(example, ()) and address not in documented
    ]


def invalid_moves(now: Addresses, upgrade: str) -> list[str]:
    """Targets of moves that are not addresses of a resource."""
    existing = {address for addresses in now.values() for address in addresses}
    return [new for _, new in MOVE.findall(upgrade) if new not in existing]


def without_template(upgrade: str) -> str:
    """UPGRADE.md without the section that shows the form of an entry."""
    return upgrade.partition("\n## ")[2]


@pytest.fixture(scope="module")
def now() -> Addresses:
    return addresses()


@pytest.fixture
def upgrade() -> str:
    return without_template((FOLDER.parent / "UPGRADE.md").read_text())


def test_changed_addresses_are_in_upgrade_notes(now: Addresses, upgrade: str) -> None:
    newest = max(RECORDS.glob("*.json"), key=lambda file: [int(part) for part in file.stem.split(".")])

    lost = undocumented_changes(json.loads(newest.read_text()), now, upgrade)

    assert lost == [], (
        f"these addresses of {newest.stem} are gone. Keep the ids, or write the move in UPGRADE.md; as long as "
        f"{newest.stem} is unreleased, record them again: .venv/bin/python -m tests.unit.constructs_lib.record_ids"
    )
    assert invalid_moves(now, upgrade) == []


def test_version_is_recorded_and_in_the_changelog() -> None:
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
        ("- gone: `aws_s3_bucket.photos_bucket_1`, no longer created\n", []),
    ],
)
def test_changed_address_is_detected(upgrade: str, lost: list[str]) -> None:
    assert undocumented_changes(BEFORE, MOVED, upgrade) == lost
    assert undocumented_changes(BEFORE, BEFORE, "") == []


def test_template_entry_is_parsed() -> None:
    page = (FOLDER.parent / "UPGRADE.md").read_text()

    assert len(MOVE.findall(page)) == 1 and len(GONE.findall(page)) == 1
    assert "Before" in page and "After" in page
