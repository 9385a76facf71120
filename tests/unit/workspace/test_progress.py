"""Steps print lines to a log and update live in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from workspace import progress


def console_of(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=40)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_log_gets_a_line_at_start_and_end() -> None:
    console = console_of(terminal=False)
    with progress.step("Doing a thing with a title that is long", console) as current:
        current.note("3 of 4")
    assert text(console) == (
        "… Doing a thing with a title that is long\n✓ Doing a thing with a title that is long  0.0 s, 3 of 4\n"
    )


def test_log_gets_progress_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0)
    console = console_of(terminal=False)
    with progress.step("Deploying", console) as current:
        current.note("1 of 4")
    assert "    0 s, 1 of 4\n" in text(console)


def test_failed_step_is_marked() -> None:
    console = console_of(terminal=False)
    with pytest.raises(RuntimeError), progress.step("Deploying", console):
        raise RuntimeError
    assert "✗ Deploying  0.0 s" in text(console)


def test_terminal_keeps_only_the_outcome() -> None:
    console = console_of(terminal=True)
    with progress.step("Deploying", console) as current:
        current.note("4 of 4")
    assert "Deploying" in text(console)
    assert "… Deploying" not in text(console)


def test_progress_lines_of_parallel_steps_have_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0)
    console = console_of(terminal=False)
    board = progress.Board(console)
    with board.step("network: 24 created", name="network") as network, board.step("queue: 2 created", name="queue"):
        network.note("1 of 24")
    assert text(console).splitlines() == [
        "… network: 24 created",
        "… queue: 2 created",
        "    network: 0 s, 1 of 24",
        "✓ queue: 2 created  0.0 s",
        "✓ network: 24 created  0.0 s, 1 of 24",
    ]


def test_live_steps_pause_for_a_question() -> None:
    console = console_of(terminal=True)
    board = progress.Board(console)
    with board.shown(), board.step("network", name="network"), board.step("queue", name="queue"), board.paused():
        console.print("Go on?")
    before, _, after = text(console).partition("Go on?")
    assert "network" in before and "queue" in before
    assert "✓" not in before and after.count("✓") == 2


def test_failed_parallel_step_is_marked() -> None:
    console = console_of(terminal=False)
    board = progress.Board(console)
    with pytest.raises(RuntimeError), board.step("network: 24 created", name="network"):
        raise RuntimeError
    assert "✗ network: 24 created  0.0 s" in text(console)
