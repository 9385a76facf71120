"""gunicorn's worker of threads, in which only a connection that says something takes a thread.

gunicorn gives each new connection a thread at once and lets it wait there for the first byte, for up to five seconds.
As many silent connections as there are threads, and nobody else is served: browsers open some ahead of need, and
whoever means harm opens thousands. Here a new connection waits where gunicorn lets kept ones wait for their next
request: in the worker's selector, without a thread. And where a worker holds as many connections as it may, the one
that has been silent for longest makes room, so that no crowd of silent ones keeps a new voter out.
"""

from __future__ import annotations

import errno
import resource
import selectors
import socket
from functools import partial

from gunicorn.workers.gthread import TConn, ThreadWorker

_NOT_NOW = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)
_MOST_CONNECTIONS = 4000
# The database's connections, AWS's, the metrics' files, uploads on their way to the disk.
_OTHER_FILES = 200


def most_connections() -> int:
    """How many connections a process may hold: fewer than the files it may open, or it would end when it takes one."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(_MOST_CONNECTIONS, files - _OTHER_FILES)


class PortalWorker(ThreadWorker):  # type: ignore[misc]
    """A process of the portal."""

    def accept(self, listener: socket.socket) -> None:
        """Take a connection; it waits for its first request as a kept one waits for its next."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in _NOT_NOW:
                return
            raise
        self.nr_conns += 1
        connection = TConn(self.cfg, accepted, address, listener.getsockname())
        # The thread that is given to it finds something to read, and need not look.
        connection.data_ready = True
        connection.set_timeout()
        if self.nr_conns >= self.worker_connections and self.keepalived_conns:
            self.keepalived_conns[0].timeout = 0
            self.murder_keepalived()
        self.keepalived_conns.append(connection)
        self.poller.register(accepted, selectors.EVENT_READ, partial(self.on_client_socket_readable, connection))
