"""A stop request is never lost, whatever Python is doing when it arrives."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from operations.local.supervisor import Stopped, StopRequest, read_or_create_password


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_raises_stopped(number: signal.Signals) -> None:
    request = StopRequest()
    with pytest.raises(Stopped), request.handle_signals():
        os.kill(os.getpid(), number)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_signal_during_a_destructor_is_not_lost() -> None:
    class Signals:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    request = StopRequest()
    with request.handle_signals():
        request.check()
        Signals()
        with pytest.raises(Stopped):
            request.check()


def test_later_signals_are_ignored() -> None:
    request = StopRequest()
    with request.handle_signals():
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)


def test_signal_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest().handle_signals():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_password_is_stored_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "password"
    password = read_or_create_password(file)
    assert len(password) >= 24
    assert read_or_create_password(file) == password
    assert file.stat().st_mode & 0o777 == 0o600
