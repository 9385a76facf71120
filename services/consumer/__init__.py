"""Consumes an SQS queue with messages that take long: heartbeats, backoff, and a stop that loses nothing.

def handle(message: Message, interrupted: threading.Event) -> Verdict:
    ...
    return Verdict.DELETE

consumer = Consumer(sqs, Options(queue_url=url, concurrency=2, visibility_seconds=120, max_message_seconds=900), handle)
signal.signal(signal.SIGTERM, lambda *_: consumer.stop())
consumer.run()
"""

from services.consumer.consumer import Consumer
from services.consumer.message import Handler, Message, UnreadableMessage, Verdict
from services.consumer.options import ConsumerOptions

__all__ = ["Consumer", "Handler", "Message", "ConsumerOptions", "UnreadableMessage", "Verdict"]
