"""PostgreSQL."""

from __future__ import annotations

from constructs_lib import PostgresDatabase
from constructs_lib.foundation import cdk
from stacks.base import AnbStack
from stacks.network import NetworkStack
from stacks.settings.model import Settings


class DatabaseStack(AnbStack):
    """The database in the private subnets."""

    def __init__(self, scope: cdk.Construct, settings: Settings, network: NetworkStack) -> None:
        super().__init__(scope, "database", settings)
        profile = settings.effective_profile
        self.database = PostgresDatabase(
            self,
            "postgres",
            network=network.network,
            name=f"{self.prefix}-postgres",
            database=settings.db_name,
            username=settings.db_username,
            instance_class=settings.db_instance_class,
            storage_gib=settings.allocated_storage,
            single_zone_reason=profile.waiver_reason("multi_az"),
            backup_days=settings.backup_retention_period,
            short_backups_reason=profile.waiver_reason("backup_days"),
            log_days=settings.log_retention_days,
            unprotected_reason=profile.waiver_reason("protect"),
            no_final_snapshot_reason=profile.waiver_reason("final_snapshot"),
            max_connections=settings.db_max_connections,
        )
        database = self.database
        where = f"{database.host}:{database.port}/{database.database}"
        self.output("db_endpoint", database.host, "Address of the database")
        self.output(
            "db_connection_string", f"postgresql://{database.username}@{where}", "Connection string without password"
        )
