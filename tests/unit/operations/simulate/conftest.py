"""Shared fixtures: stacks are synthesized once per set of settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from constructs_lib.foundation.template import Documents
from operations.simulate import deployed
from stacks.settings.model import Settings


@pytest.fixture(scope="session", autouse=True)
def synthesized_once() -> Iterator[None]:
    """Cache synthesized stacks by their settings."""
    cache: dict[str, Documents] = {}
    synthesize = deployed.synthesize

    def synthesize_cached(settings: Settings) -> Documents:
        key = settings.model_dump_json()
        if key not in cache:
            cache[key] = synthesize(settings)
        return cache[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deployed, "synthesize", synthesize_cached)
        yield
