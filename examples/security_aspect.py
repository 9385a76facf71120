"""Rules for what you make yourself: a resource that weakens a default stops the synth, unless it has a reason."""

from constructs_lib import SecurityAspect, Stack, waive
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "rules", region="eu-west-1")
cdk.Aspects.of(stack).add(SecurityAspect())


class Scratch(cdk.Construct):
    """A queue of your own making; without ``waive`` the Aspect says what is wrong with it and how to mend it."""

    def __init__(self, scope: cdk.Construct, id: str) -> None:
        super().__init__(scope, id)
        cdk.aws.sqs_queue.SqsQueue(self, "queue", name="scratch", sqs_managed_sse_enabled=True)
        reason = "holds numbers of a load test, for a day"
        waive(self, "answers requests without TLS", reason=reason, explains=["queue-without-tls"])


Scratch(stack, "scratch")

app.synth()
