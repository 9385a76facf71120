"""Notifications to systemd, received on a real socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from services.shared.service_manager import ServiceManager


def test_ready_and_stopping_are_sent(listening: socket.socket) -> None:
    manager = ServiceManager(listening.getsockname())
    manager.ready()
    manager.stopping()
    assert [listening.recv(100), listening.recv(100)] == [b"READY=1", b"STOPPING=1"]


def test_abstract_socket_address() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(10)
        listener.bind(f"\0anb-test-{os.getpid()}")
        ServiceManager(f"@anb-test-{os.getpid()}").ready()
        assert listener.recv(100) == b"READY=1"


def test_variable_is_removed_for_child_processes(listening: socket.socket) -> None:
    variables = {"NOTIFY_SOCKET": listening.getsockname(), "PATH": "/bin"}
    ServiceManager.from_variables(variables).ready()
    assert variables == {"PATH": "/bin"}
    assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("variables", [{}, {"NOTIFY_SOCKET": ""}])
def test_without_a_socket_nothing_is_sent(variables: dict[str, str]) -> None:
    ServiceManager.from_variables(variables).ready()


def test_missing_socket_is_not_an_error(tmp_path: Path) -> None:
    ServiceManager(str(tmp_path / "gone")).ready()
