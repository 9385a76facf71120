"""Notifies systemd that the service is ready or stopping.

The protocol is sd_notify(3): one datagram to the socket named by ``NOTIFY_SOCKET``. Without that variable, as in a
terminal, nothing is sent.
"""

from __future__ import annotations

import socket
from collections.abc import MutableMapping
from typing import Self

from services.shared.telemetry import get_logger

_VARIABLE = "NOTIFY_SOCKET"


class ServiceManager:
    """The service manager that started this process.

    Args:
        address: Path of a datagram socket, or ``@`` and an abstract name. None: notifications are not sent.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address

    @classmethod
    def from_variables(cls, variables: MutableMapping[str, str]) -> Self:
        """Create it from ``NOTIFY_SOCKET``, and remove that variable so that child processes do not notify.

        Args:
            variables: Usually ``os.environ``.
        """
        return cls(variables.pop(_VARIABLE, None) or None)

    def ready(self) -> None:
        """Notify that the service is ready."""
        self._send("READY=1")

    def stopping(self) -> None:
        """Notify that the service is stopping and finishes its running work."""
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
            # Without the notification the service manager acts on its own timeouts.
            event = "service manager is unreachable"
            get_logger(__name__).error(event, state=state, error=str(error))
