"""The drawings of the architecture, as code: what they show is changed in words, and a test holds the files to it."""

from __future__ import annotations

from tools.drawings import data, sequences, systems
from workspace import paths

FOLDER = paths.ROOT / "docs/images/architecture"


def drawings() -> dict[str, str]:
    """Every drawing's SVG, by the name of its file."""
    return {
        "context.svg": systems.context(),
        "containers.svg": systems.containers(),
        "data-model.svg": data.model(),
        "upload.svg": sequences.upload(),
        "vote.svg": sequences.vote(),
    }
