"""Synthesize once what several tests read."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from constructs_lib.testing import Template


def once(build: Callable[..., Template]) -> Callable[..., Template]:
    """Cache a function's template by its arguments; tests must not change it.

    The key is the arguments' ``repr``, so they must be values, not functions or constructs.
    """
    templates: dict[str, Template] = {}

    @functools.wraps(build)
    def cached(*arguments: Any, **changes: Any) -> Template:
        key = f"{arguments} {sorted(changes.items())}"
        assert " at 0x" not in key, f"not a value: {key}"
        if key not in templates:
            templates[key] = build(*arguments, **changes)
        return templates[key]

    return cached
