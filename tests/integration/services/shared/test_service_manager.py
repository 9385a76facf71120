"""What systemd is told: its socket is a real one here."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from services.shared.service_manager import ServiceManager


def test_it_says_that_the_service_is_ready_and_that_it_stops(listening: socket.socket) -> None:
    manager = ServiceManager(listening.getsockname())
    manager.ready()
    manager.stopping()
    assert [listening.recv(100), listening.recv(100)] == [b"READY=1", b"STOPPING=1"]


def test_the_address_may_be_an_abstract_name() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(10)
        listener.bind(f"\0anb-test-{os.getpid()}")
        ServiceManager(f"@anb-test-{os.getpid()}").ready()
        assert listener.recv(100) == b"READY=1"


def test_no_child_can_speak_for_the_service(listening: socket.socket) -> None:
    variables = {"NOTIFY_SOCKET": listening.getsockname(), "PATH": "/bin"}
    ServiceManager.from_variables(variables).ready()
    assert variables == {"PATH": "/bin"}
    assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("variables", [{}, {"NOTIFY_SOCKET": ""}])
def test_where_nobody_waits_nothing_is_sent(variables: dict[str, str]) -> None:
    ServiceManager.from_variables(variables).ready()


def test_a_service_goes_on_when_nobody_listens_any_more(tmp_path: Path) -> None:
    ServiceManager(str(tmp_path / "gone")).ready()
