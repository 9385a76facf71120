"""A program for the examples: greets on port 8080, says that it is healthy, and tells systemd when it is ready."""

import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Greeter(BaseHTTPRequestHandler):
    """Answers every path; ``/health`` is what the load balancer asks for."""

    def do_GET(self) -> None:
        """Greet."""
        greeting = "ok" if self.path == "/health" else os.environ.get("GREETING", "hello")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{greeting}\n".encode())


def say_ready() -> None:
    """Tell systemd, which holds the instance back until then: man sd_notify."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"])
        systemd.sendall(b"READY=1")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("0.0.0.0", 8080), Greeter)
    say_ready()
    server.serve_forever()
