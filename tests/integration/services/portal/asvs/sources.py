"""The services' source code as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ..process import ROOT


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Yield every module of the services with its path in the project."""
    for path in sorted((ROOT / "services").rglob("*.py")):
        yield path.relative_to(ROOT), ast.parse(path.read_text("utf-8"))


def called_name(call: ast.Call) -> str:
    """Return the name of the called function, without its qualifier."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
