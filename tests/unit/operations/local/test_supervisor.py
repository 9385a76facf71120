"""A request to stop is never lost, whatever Python is doing when it arrives."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from operations.local.supervisor import Stopped, StopRequest, kept_password


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_at_once(number: signal.Signals) -> None:
    request = StopRequest()
    with pytest.raises(Stopped), request.listening():
        os.kill(os.getpid(), number)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_arrives_while_an_object_is_cleaned_up_is_not_lost() -> None:
    class Signals:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    request = StopRequest()
    with request.listening():
        request.check()
        Signals()
        with pytest.raises(Stopped):
            request.check()


def test_a_second_signal_does_not_disturb_the_stopping() -> None:
    request = StopRequest()
    with request.listening():
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)


def test_the_usual_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest().listening():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_superusers_password_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "password"
    password = kept_password(file)
    assert len(password) >= 24
    assert kept_password(file) == password
    assert file.stat().st_mode & 0o777 == 0o600
