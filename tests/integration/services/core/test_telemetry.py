"""Logs: one JSON line for each happening, from our own code and from libraries alike."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]


def logged(code: str) -> list[dict[str, Any]]:
    program = f"import logging\nfrom services.core import telemetry\ntelemetry.configure_logging('portal')\n{code}"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_16_2_1_a_happening_is_one_line_with_what_is_bound_to_it() -> None:
    (line,) = logged("telemetry.bind(request_id='r1')\ntelemetry.get_logger('x').info('login ok', user_id=7)")
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "service": "portal", "event": "login ok", "level": "info", "logger": "x", "request_id": "r1", "user_id": 7,
    }  # fmt: skip


def test_libraries_log_the_same_way() -> None:
    (line,) = logged("logging.getLogger('library').warning('disk %s', 'full')")
    assert (line["service"], line["event"], line["level"], line["logger"]) == (
        "portal", "disk full", "warning", "library",
    )  # fmt: skip


def test_16_4_1_no_text_can_forge_a_line() -> None:
    (line,) = logged("telemetry.get_logger('x').info('login failed', agent='a\\n{\"event\": \"login ok\"}')")
    assert line["event"] == "login failed"


def test_what_is_bound_is_forgotten_when_told() -> None:
    (line,) = logged("telemetry.bind(request_id='r1')\ntelemetry.unbind_all()\ntelemetry.get_logger('x').info('y')")
    assert "request_id" not in line


def test_an_error_is_one_line_with_its_traceback() -> None:
    (line,) = logged("try:\n    1 / 0\nexcept ZeroDivisionError:\n    telemetry.get_logger('x').exception('failed')")
    assert "ZeroDivisionError" in line["exception"]
