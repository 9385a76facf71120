"""Tells systemd how the service is: ready for work, or stopping.

The protocol is sd_notify(3): one datagram to the socket that ``NOTIFY_SOCKET`` names. Where it names none,
as in a terminal, nothing is sent.
"""

from __future__ import annotations

import socket
from collections.abc import MutableMapping
from typing import Self

from services.shared.telemetry import get_logger

_VARIABLE = "NOTIFY_SOCKET"


class ServiceManager:
    """What started the service and waits for its word.

    Args:
        address: path of a datagram socket, or ``@`` and an abstract name; None where nobody waits.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address

    @classmethod
    def from_variables(cls, variables: MutableMapping[str, str]) -> Self:
        """The service manager of this process; its variable is removed, so that no child speaks for the service.

        Args:
            variables: usually ``os.environ``.
        """
        return cls(variables.pop(_VARIABLE, None) or None)

    def ready(self) -> None:
        """Say that the service does its work now."""
        self._send("READY=1")

    def stopping(self) -> None:
        """Say that the service was told to stop and finishes what it has begun."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if self._address is None:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
                connection.settimeout(5)
                connection.connect(address)
                connection.sendall(state.encode())
        except OSError as error:
            # Who waits for the word and does not get it will act by itself.
            get_logger(__name__).error("service manager cannot be told", state=state, error=str(error))
