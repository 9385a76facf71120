"""Find free ports on loopback and check whether a port is listening."""

from __future__ import annotations

import socket

from workspace.errors import UserError

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port that the system just reported as free."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether something accepts connections on the port of this machine."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((LOOPBACK, port)) == 0


def choose_port(requested: int | None, *, option: str, purpose: str) -> int:
    """Return the requested port, or a free one.

    Args:
        requested: Port that the user asked for; None for any free port.
        option: Command-line option that sets the port, for the error.
        purpose: Service that will listen on the port, for the error.

    Raises:
        UserError: The requested port is in use.
    """
    if requested is None:
        return free_port()
    with socket.socket() as listener:
        # As the servers do: a port with connections in TIME_WAIT counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, requested))
        except OSError as error:
            raise UserError(
                f"Port {requested} for {purpose} cannot be used ({error.strerror}). Choose another one with {option}."
            ) from None
    return requested
