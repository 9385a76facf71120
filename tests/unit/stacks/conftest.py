"""What the stacks' tests share."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension


@pytest.fixture
def recorded(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The recorded output, one readable JSON file for each test."""
    return snapshot.use_extension(JSONSnapshotExtension)
