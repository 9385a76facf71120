"""Templates that several tests read are synthesized once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from constructs_lib.testing import Template


def once(build: Callable[..., Template]) -> Callable[..., Template]:
    """Keep what a function synthesizes for each set of arguments. The tests only read it.

    Arguments are told apart by how they are written, so they must be values: no functions and no constructs.
    """
    made: dict[str, Template] = {}

    @functools.wraps(build)
    def kept(*arguments: Any, **changes: Any) -> Template:
        key = f"{arguments} {sorted(changes.items())}"
        assert " at 0x" not in key, f"no value: {key}"
        if key not in made:
            made[key] = build(*arguments, **changes)
        return made[key]

    return kept
