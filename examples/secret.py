"""A random signing key that no plan or state contains, and a role that may read it."""

from constructs_lib import GeneratedSecret, ServiceRole, Stack
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "secret", region="eu-west-1")

key = GeneratedSecret(stack, "signing-key", description="Signs the shop's cookies")
key.grant_read(ServiceRole(stack, "batch"))
stack.output("arn", key.arn)

app.synth()
