"""Fixtures of the stacks' tests."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension


@pytest.fixture
def recorded(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The snapshot, one readable JSON file per test."""
    return snapshot.use_extension(JSONSnapshotExtension)
