"""The drawings of the architecture, generated from code."""

from __future__ import annotations

from tools.drawings import data, sequences, systems
from workspace import paths

FOLDER = paths.ROOT / "docs/images/architecture"


def drawings() -> dict[str, str]:
    """Render every drawing as SVG, by file name."""
    return {
        "context.svg": systems.context(),
        "containers.svg": systems.containers(),
        "data-model.svg": data.model(),
        "upload.svg": sequences.upload(),
        "vote.svg": sequences.vote(),
    }
