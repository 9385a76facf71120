"""What the tests of the simulator share: stacks are synthesized once for each set of settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from constructs_lib.foundation.template import Documents
from operations.simulate import deployed
from stacks.settings.model import Settings


@pytest.fixture(scope="session", autouse=True)
def synthesized_once() -> Iterator[None]:
    """The stacks of some settings do not change within a run."""
    made: dict[str, Documents] = {}
    synthesize = deployed.synthesize

    def kept(settings: Settings) -> Documents:
        key = settings.model_dump_json()
        if key not in made:
            made[key] = synthesize(settings)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deployed, "synthesize", kept)
        yield
