"""Parser for the JSON lines of ``terraform plan -json`` and ``terraform apply -json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_PAST_TENSE = {"create": "created", "update": "changed", "delete": "destroyed"}


@dataclass(frozen=True, kw_only=True)
class ResourceEvent:
    """Progress of one resource.

    Args:
        address: Terraform address.
        stage: ``started``, ``progress``, ``done`` or ``failed``.
        action: ``create``, ``update`` or ``delete``.
        seconds: Elapsed time.
    """

    address: str
    stage: str
    action: str
    seconds: int = 0

    @property
    def past_tense(self) -> str:
        """The action in the past tense, such as "created"."""
        return _PAST_TENSE[self.action]


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """An error that Terraform reports.

    Args:
        summary: Short description.
        detail: Full description; may be empty.
        address: Terraform address of the failed resource; empty when the error is not about one.
    """

    summary: str
    detail: str = ""
    address: str = ""


_STAGES = {
    "apply_start": "started",
    "apply_progress": "progress",
    "apply_complete": "done",
    "apply_errored": "failed",
}


def read_event(line: str) -> ResourceEvent | Diagnostic | None:
    """Parse a line; return None for data sources, other message types and text that is not JSON.

    Args:
        line: Line of Terraform's machine-readable output.

    Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
    """
    try:
        message: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    if not isinstance(message, dict):
        return None
    kind = message.get("type")
    if kind == "diagnostic" and message["diagnostic"]["severity"] == "error":
        error = message["diagnostic"]
        return Diagnostic(
            summary=error["summary"], detail=error.get("detail") or "", address=error.get("address") or ""
        )
    if kind in _STAGES and message["hook"]["action"] in _PAST_TENSE:
        hook = message["hook"]
        return ResourceEvent(
            address=hook["resource"]["addr"],
            stage=_STAGES[kind],
            action=hook["action"],
            seconds=int(hook.get("elapsed_seconds", 0)),
        )
    return None


def diagnostics(output: str) -> list[Diagnostic]:
    """The distinct errors in Terraform's output."""
    errors = [event for event in map(read_event, output.splitlines()) if isinstance(event, Diagnostic)]
    return list(dict.fromkeys(errors))
