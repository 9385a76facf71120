"""A program for the examples: processes the jobs of a queue.

Its release must contain boto3: ``pip install --target software boto3``.
"""

import os
import socket

import boto3


def work() -> None:
    """Receive, process, then delete: an unfinished job becomes visible again."""
    queue = boto3.resource("sqs").Queue(os.environ["QUEUE_URL"])
    notify_ready()
    while True:
        for message in queue.receive_messages(WaitTimeSeconds=20):
            print(f"working on {message.body}", flush=True)  # noqa: T201
            message.delete()


def notify_ready() -> None:
    """Notify systemd (man sd_notify); the instance is not in service before."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"])
        systemd.sendall(b"READY=1")


if __name__ == "__main__":
    work()
