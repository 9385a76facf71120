"""SQS consumer for long-running messages: heartbeats, backoff, and a graceful stop that loses no message.

def handle(message: Message, interrupted: threading.Event) -> Verdict:
    ...
    return Verdict.DELETE

options = ConsumerOptions(queue_url=url, concurrency=2, visibility_seconds=120, max_message_seconds=900)
consumer = Consumer(sqs, options, handle)
signal.signal(signal.SIGTERM, lambda *_: consumer.stop())
consumer.run()
"""

from services.consumer.consumer import Consumer
from services.consumer.message import Handler, Message, UnreadableMessage, Verdict
from services.consumer.options import ConsumerOptions

__all__ = ["Consumer", "Handler", "Message", "ConsumerOptions", "UnreadableMessage", "Verdict"]
