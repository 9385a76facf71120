"""A profile: what an environment saves compared with production, and why; the synth prints both."""

from constructs_lib import Network, PostgresDatabase, Stack
from constructs_lib.foundation import cdk
from constructs_lib.governance.profiles import PROFILES

profile = PROFILES["staging"]

app = cdk.App()
stack = Stack(app, f"shop-{profile.name}", region="eu-west-1", tags={"Environment": profile.name})

network = Network(stack, "network", nat=profile.nat, flow_log_days=profile.flow_log_days)
PostgresDatabase(
    stack,
    "orders",
    network=network,
    single_zone_reason=profile.waiver_reason("multi_az"),
    backup_days=profile.backup_days,
    short_backups_reason=profile.waiver_reason("backup_days"),
    unprotected_reason=profile.waiver_reason("protect"),
    no_final_snapshot_reason=profile.waiver_reason("final_snapshot"),
)

app.synth()
print(profile.differences())  # noqa: T201
