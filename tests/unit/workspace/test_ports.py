"""Ports are checked before use; the error names the option that sets another one."""

from __future__ import annotations

import socket

import pytest

from workspace.errors import UserError
from workspace.ports import choose_port, free_port, is_listening


def test_port_in_use_raises_user_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert is_listening(port)
        with pytest.raises(UserError, match=rf"Port {port} for the portal .*in use\)\. Choose another .* --port\."):
            choose_port(port, option="--port", purpose="the portal")


def test_requested_free_port_is_returned() -> None:
    port = free_port()
    assert choose_port(port, option="--port", purpose="the portal") == port
    assert not is_listening(port)


def test_default_is_any_free_port() -> None:
    assert choose_port(None, option="--aws-port", purpose="the AWS emulator") > 1023
