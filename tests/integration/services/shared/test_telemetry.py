"""Logs: one JSON line per event, from the services and from libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]


SNIPPETS = {
    "bound": "telemetry.bind(request_id='r1')\ntelemetry.get_logger('x').info('login ok', user_id=7)",
    "library": "logging.getLogger('library').warning('disk %s', 'full')",
    "forged": "telemetry.get_logger('x').info('login failed', agent='a\\n{\"event\": \"login ok\"}')",
    "forgotten": "telemetry.bind(request_id='r1')\ntelemetry.unbind_all()\ntelemetry.get_logger('x').info('y')",
    "error": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    telemetry.get_logger('x').exception('failed')",
}
PROGRAM = """
import contextvars, json, logging, sys
from services.shared import telemetry
telemetry.configure_logging("portal")
for name, code in json.load(sys.stdin).items():
    print(f"-- {name}", flush=True)
    contextvars.Context().run(exec, code)
"""


Logged = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def logged() -> Logged:
    """Lines that each snippet logged, in a process configured like the services."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(SNIPPETS),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines: Logged = {}
    for line in ended.stdout.splitlines():
        if line.startswith("-- "):
            written = lines[line.removeprefix("-- ")] = []
        else:
            written.append(json.loads(line))
    return lines


@pytest.mark.asvs("16.2.1")
def test_event_is_one_line_with_bound_values(logged: Logged) -> None:
    (line,) = map(dict, logged["bound"])
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "service": "portal", "event": "login ok", "level": "info", "logger": "x", "request_id": "r1", "user_id": 7,
    }  # fmt: skip


def test_libraries_log_in_the_same_format(logged: Logged) -> None:
    (line,) = logged["library"]
    assert (line["service"], line["event"], line["level"], line["logger"]) == (
        "portal", "disk full", "warning", "library",
    )  # fmt: skip


@pytest.mark.asvs("16.4.1")
def test_values_cannot_forge_a_line(logged: Logged) -> None:
    (line,) = logged["forged"]
    assert line["event"] == "login failed"


def test_unbind_all_removes_bound_values(logged: Logged) -> None:
    (line,) = logged["forgotten"]
    assert "request_id" not in line


def test_exception_is_one_line_with_its_traceback(logged: Logged) -> None:
    (line,) = logged["error"]
    assert "ZeroDivisionError" in line["exception"]
