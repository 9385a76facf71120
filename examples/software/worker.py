"""A program for the examples: takes jobs from the queue and says which.

It needs boto3 beside it in the release: ``pip install --target software boto3``.
"""

import os
import socket

import boto3


def work() -> None:
    """Receive, work, and only then delete: a job that is not finished comes back."""
    queue = boto3.resource("sqs").Queue(os.environ["QUEUE_URL"])
    say_ready()
    while True:
        for message in queue.receive_messages(WaitTimeSeconds=20):
            print(f"working on {message.body}", flush=True)  # noqa: T201
            message.delete()


def say_ready() -> None:
    """Tell systemd, which holds the instance back until then: man sd_notify."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"])
        systemd.sendall(b"READY=1")


if __name__ == "__main__":
    work()
