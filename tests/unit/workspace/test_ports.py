"""A port that is taken is named together with the option that chooses another."""

from __future__ import annotations

import socket

import pytest

from workspace.errors import UserError
from workspace.ports import choose_port, free_port, is_listening


def test_a_taken_port_names_the_port_and_the_option() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert is_listening(port)
        with pytest.raises(UserError, match=rf"Port {port} for the portal .*in use\)\. Give another one with --port\."):
            choose_port(port, option="--port", what="the portal")


def test_a_free_port_is_taken_as_given() -> None:
    port = free_port()
    assert choose_port(port, option="--port", what="the portal") == port
    assert not is_listening(port)


def test_without_a_wish_the_system_chooses() -> None:
    assert choose_port(None, option="--aws-port", what="the embedded AWS") > 1023
