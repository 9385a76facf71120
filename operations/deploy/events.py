"""The lines of ``terraform plan -json`` and ``apply -json``, each as what it tells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_DONE = {"create": "created", "update": "changed", "delete": "destroyed"}


@dataclass(frozen=True, kw_only=True)
class ResourceEvent:
    """Something about one resource.

    Args:
        address: Terraform's.
        stage: begins, goes on, is done or has failed.
        action: create, update or delete.
        seconds: how long it has taken.
    """

    address: str
    stage: str
    action: str
    seconds: int = 0

    @property
    def done(self) -> str:
        """Such as "created"."""
        return _DONE[self.action]


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """An error Terraform reports.

    Args:
        summary: in a few words.
        detail: all of it; may be empty.
        address: the resource it is about, if it is about one.
    """

    summary: str
    detail: str = ""
    address: str = ""


_STAGES = {
    "apply_start": "begins",
    "apply_progress": "goes on",
    "apply_complete": "done",
    "apply_errored": "failed",
}


def read_event(line: str) -> ResourceEvent | Diagnostic | None:
    """What a line tells; None for what nobody waits for, data sources among it, and for what is not JSON.

    Args:
        line: of Terraform's machine-readable output.

    Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
    """
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    kind = said.get("type")
    if kind == "diagnostic" and said["diagnostic"]["severity"] == "error":
        told = said["diagnostic"]
        return Diagnostic(summary=told["summary"], detail=told.get("detail") or "", address=told.get("address") or "")
    if kind in _STAGES and said["hook"]["action"] in _DONE:
        hook = said["hook"]
        return ResourceEvent(
            address=hook["resource"]["addr"],
            stage=_STAGES[kind],
            action=hook["action"],
            seconds=int(hook.get("elapsed_seconds", 0)),
        )
    return None


def diagnostics(output: str) -> list[Diagnostic]:
    """The errors in an output, each once."""
    found = [event for event in map(read_event, output.splitlines()) if isinstance(event, Diagnostic)]
    return list(dict.fromkeys(found))
