"""gunicorn's threaded worker, changed so that an idle connection occupies no thread.

gunicorn gives each new connection a thread at once, where it waits up to five seconds for the first byte. A few idle
connections therefore block all threads: browsers open some in advance, and an attacker opens thousands. This worker
puts a new connection into the selector, where gunicorn already keeps connections between requests. When a worker
reaches its maximum number of connections, it closes the one that has been idle for longest.
"""

from __future__ import annotations

import errno
import resource
import selectors
import socket
from functools import partial

from gunicorn.workers.gthread import TConn, ThreadWorker

_RETRY_LATER = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)
_MAX_CONNECTIONS = 4000
# Reserved for database and AWS connections, metrics files and uploads.
_OTHER_FILES = 200


def max_connections() -> int:
    """Return the maximum number of connections of a process: below its limit of open files, or accept would fail."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAX_CONNECTIONS if files == resource.RLIM_INFINITY else min(_MAX_CONNECTIONS, files - _OTHER_FILES)


class PortalWorker(ThreadWorker):  # type: ignore[misc]
    """A worker process of the portal."""

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection and wait for its first request in the selector, without a thread."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in _RETRY_LATER:
                return
            raise
        self.nr_conns += 1
        connection = TConn(self.cfg, accepted, address, listener.getsockname())
        # By the time it gets a thread there is data to read, so gunicorn need not wait for it.
        connection.data_ready = True
        connection.set_timeout()
        if self.nr_conns >= self.worker_connections and self.keepalived_conns:
            self.keepalived_conns[0].timeout = 0
            self.murder_keepalived()
        self.keepalived_conns.append(connection)
        self.poller.register(accepted, selectors.EVENT_READ, partial(self.on_client_socket_readable, connection))
