"""PostgreSQL in private subnets, with a standby in another zone; no plan or state contains its password."""

from constructs_lib import Network, PostgresDatabase, Stack
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "database", region="eu-west-1")

network = Network(stack, "network")
database = PostgresDatabase(
    stack, "orders", network=network, instance_class="db.m7g.large", storage_gib=100, backup_days=14
)
stack.output("host", database.host)
stack.output("password_secret", database.secret_arn)

app.synth()
