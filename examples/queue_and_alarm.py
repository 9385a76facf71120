"""A queue, the place its poison messages go, and who is told when messages wait too long or arrive there."""

from datetime import timedelta

from constructs_lib import AlarmTopic, Dashboard, Queue, QueueMonitoring, Stack
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "queue", region="eu-west-1")

orders = Queue(stack, "orders", max_job=timedelta(minutes=5))
duty = AlarmTopic(stack, "duty", emails=["duty@shop.example"])
watched = QueueMonitoring(stack, "watched", queue=orders, depth=500, oldest=timedelta(minutes=30), on_alarm=duty)
Dashboard(stack, "dashboard", parts=[watched])
stack.output("url", orders.url)

app.synth()
