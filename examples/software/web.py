"""A program for the examples: an HTTP server on port 8080 that notifies systemd when it is ready."""

import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Greeter(BaseHTTPRequestHandler):
    """Answers every path; the load balancer requests ``/health``."""

    def do_GET(self) -> None:
        """Greet."""
        greeting = "ok" if self.path == "/health" else os.environ.get("GREETING", "hello")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{greeting}\n".encode())


def notify_ready() -> None:
    """Notify systemd (man sd_notify); the instance is not in service before."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"])
        systemd.sendall(b"READY=1")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("0.0.0.0", 8080), Greeter)
    notify_ready()
    server.serve_forever()
