"""Ports on loopback: which are free, and when something answers on one."""

from __future__ import annotations

import socket

from workspace.errors import UserError

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that was free a moment ago, chosen by the system."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether something accepts connections on the port of this machine."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((LOOPBACK, port)) == 0


def choose_port(given: int | None, *, option: str, what: str) -> int:
    """The port given, or a free one.

    Args:
        given: what the user asked for; None leaves the choice to the system.
        option: the option that sets it, named in the error.
        what: who is going to listen there, named in the error.

    Raises:
        UserError: when the port given is taken.
    """
    if given is None:
        return free_port()
    with socket.socket() as listener:
        # As the servers do: a port whose last connections are still closing down is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, given))
        except OSError as error:
            raise UserError(
                f"Port {given} for {what} cannot be used ({error.strerror}). Give another one with {option}."
            ) from None
    return given
