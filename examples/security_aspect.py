"""Security rules for your own resources: a violation fails the synth unless it is waived with a reason."""

from constructs_lib import SecurityAspect, Stack, waive
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "rules", region="eu-west-1")
cdk.Aspects.of(stack).add(SecurityAspect())


class Scratch(cdk.Construct):
    """A custom queue; without ``waive`` the aspect reports the violation and its fix."""

    def __init__(self, scope: cdk.Construct, id: str) -> None:
        super().__init__(scope, id)
        cdk.aws.sqs_queue.SqsQueue(self, "queue", name="scratch", sqs_managed_sse_enabled=True)
        reason = "holds the results of a load test, for a day"
        waive(self, "answers requests without TLS", reason=reason, explains=["queue-without-tls"])


Scratch(stack, "scratch")

app.synth()
