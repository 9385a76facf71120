"""A queue with a dead-letter queue, its alarms with an email subscription, and a dashboard."""

from datetime import timedelta

from constructs_lib import AlarmTopic, Dashboard, Queue, QueueMonitoring, Stack
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "queue", region="eu-west-1")

orders = Queue(stack, "orders", max_job=timedelta(minutes=5))
duty = AlarmTopic(stack, "duty", emails=["duty@shop.example"])
monitoring = QueueMonitoring(stack, "watched", queue=orders, depth=500, oldest=timedelta(minutes=30), on_alarm=duty)
Dashboard(stack, "dashboard", parts=[monitoring])
stack.output("url", orders.url)

app.synth()
