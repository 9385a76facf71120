"""PostgreSQL on RDS."""

from __future__ import annotations

from collections.abc import Mapping

from constructs_lib.compute.instance_group import InstanceGroup
from constructs_lib.database.connection_budget import RESERVED, ConnectionAllocation
from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks, ConstructError
from constructs_lib.foundation.log_retention import check_retention
from constructs_lib.foundation.waivers import waive
from constructs_lib.network.network import Network
from constructs_lib.network.security_group import SecurityGroup

_PORT = 5432
_USUAL_BACKUPS = 7
_LOGS = ("postgresql", "upgrade")
"""What RDS can export of PostgreSQL.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.html"""


class PostgresDatabase(cdk.Construct):
    """A private, encrypted PostgreSQL whose password RDS makes, keeps in Secrets Manager and rotates.

    Connections without TLS are refused by the server (``rds.force_ssl``). Its logs go to CloudWatch.

    Args:
        network: where it lives; it gets the private subnets.
        name: name of the instance and prefix of its parts, lower case; by default it follows from the construct's path.
        database: name of the first database.
        username: name of the master user.
        version: major version of PostgreSQL.
        instance_class: RDS instance class.
        storage_gib: size of the gp3 volume, 20 to 65536.
        single_zone_reason: why no standby waits in another zone; by default one does.
        backup_days: how long automatic backups are kept, 0 to 35.
        short_backups_reason: why they are kept for less than 7 days, which Security Hub's RDS.11 wants.
        log_days: how long its logs are kept in CloudWatch; one of ``log_retention.RETENTION_DAYS``.
        unprotected_reason: why it may be destroyed without leaving a last snapshot; by default it refuses.
        max_connections: PostgreSQL's parameter, 6 to 262143; what the services open at most must fit into it. Each
            takes some MiB of the instance's memory.
        parameters: further PostgreSQL parameters.

    Raises:
        ConstructError: for a value out of its range.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        network: Network,
        name: str | None = None,
        database: str = "app",
        username: str = "postgres",
        version: int = 16,
        instance_class: str = "db.t4g.micro",
        storage_gib: int = 20,
        single_zone_reason: str | None = None,
        backup_days: int = 7,
        short_backups_reason: str | None = None,
        log_days: int = 365,
        unprotected_reason: str | None = None,
        max_connections: int = 100,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        checks = Checks(scope, id)
        name = names.database_instance(checks, name)
        checks.name("database", database, longest=63, owner="database", pattern=r"[A-Za-z_][A-Za-z0-9_]*")
        checks.name("username", username, longest=63, owner="database user", pattern=r"[A-Za-z][A-Za-z0-9_]*")
        checks.between("storage_gib", storage_gib, 20, 65536, fix="use at least 20, the smallest gp3 volume of RDS")
        checks.between("backup_days", backup_days, 0, 35, fix="use 7, the usual choice")
        if backup_days < _USUAL_BACKUPS and short_backups_reason is None:
            raise checks.error(
                "backup_days",
                backup_days,
                allowed=f"between {_USUAL_BACKUPS} and 35, or fewer with a short_backups_reason",
                fix="keep backups longer, or give the reason in short_backups_reason",
            )
        check_retention(checks, "log_days", log_days)
        checks.between(
            "max_connections", max_connections, RESERVED + 1, 262143, fix="use a number that PostgreSQL accepts"
        )
        if "max_connections" in (parameters or {}):
            raise checks.error(
                "parameters", "max_connections", allowed="another parameter", fix="use the argument max_connections"
            )
        super().__init__(scope, id)

        self.security_group = SecurityGroup(
            self,
            "security-group",
            vpc_id=network.vpc_id,
            name=f"{name}-sg",
            description="PostgreSQL, opened to the services that use it",
        )
        replaceable = cdk.TerraformResourceLifecycle(create_before_destroy=True)
        subnets = cdk.aws.db_subnet_group.DbSubnetGroup(
            self,
            "subnets",
            name_prefix=f"{name}-",
            description="Private subnets of the database",
            subnet_ids=network.private_subnet_ids,
            lifecycle=replaceable,
        )
        ours = {"rds.force_ssl": "1", "max_connections": str(max_connections)}
        parameter_module = cdk.aws.db_parameter_group
        group = parameter_module.DbParameterGroup(
            self,
            "parameters",
            name_prefix=f"{name}-",
            family=f"postgres{version}",
            description="TLS only",
            parameter=[
                parameter_module.DbParameterGroupParameter(name=key, value=value, apply_method="pending-reboot")
                for key, value in sorted({**ours, **(parameters or {})}.items())
            ],
            lifecycle=replaceable,
        )
        logs = [
            # By these names RDS looks for them; one that it has to make itself keeps everything for ever.
            cdk.aws.cloudwatch_log_group.CloudwatchLogGroup(
                self, f"{kind}-log", name=f"/aws/rds/instance/{name}/{kind}", retention_in_days=log_days
            )
            for kind in _LOGS
        ]
        instance = cdk.aws.db_instance.DbInstance(
            self,
            "instance",
            identifier=name,
            engine="postgres",
            engine_version=str(version),
            instance_class=instance_class,
            allocated_storage=storage_gib,
            storage_type="gp3",
            storage_encrypted=True,
            db_name=database,
            username=username,
            manage_master_user_password=True,
            port=_PORT,
            db_subnet_group_name=subnets.name,
            parameter_group_name=group.name,
            vpc_security_group_ids=[self.security_group.id],
            publicly_accessible=False,
            multi_az=single_zone_reason is None,
            backup_retention_period=backup_days,
            copy_tags_to_snapshot=True,
            enabled_cloudwatch_logs_exports=list(_LOGS),
            auto_minor_version_upgrade=True,
            deletion_protection=unprotected_reason is None,
            skip_final_snapshot=unprotected_reason is not None,
            final_snapshot_identifier=f"{name}-final" if unprotected_reason is None else None,
            depends_on=logs,
        )
        if single_zone_reason is not None:
            waive(self, "has no standby in another zone", reason=single_zone_reason, explains=["CKV_AWS_157"])
        if backup_days < _USUAL_BACKUPS and short_backups_reason is not None:
            weakened = f"keeps backups for less than {_USUAL_BACKUPS} days"
            waive(self, weakened, reason=short_backups_reason, explains=[] if backup_days else ["CKV_AWS_133"])
        if unprotected_reason is not None:
            waive(self, "may be destroyed", reason=unprotected_reason, explains=["CKV_AWS_293"])
        self.instance_id: str = instance.identifier
        self.host: str = instance.address
        self.port = _PORT
        self.storage_gib = storage_gib
        self.max_connections = max_connections
        self._shares: list[ConnectionAllocation] = []
        self.database = database
        self.username = username
        self.secret_arn: str = instance.master_user_secret.get(0).secret_arn

    def environment(self, prefix: str = "") -> dict[str, str]:
        """The variables that tell a program where the database is and which secret holds its user and password.

        They go into a service's ``environment``; ``allow_from`` makes them work.

        Args:
            prefix: what stands before each, for a program that has several: ``"ORDERS_"`` makes
                ``ORDERS_DATABASE_HOST``.
        """
        told = {
            "HOST": self.host,
            "PORT": str(self.port),
            "NAME": self.database,
            "SECRET_ARN": self.secret_arn,
            "SSL_MODE": "require",
        }
        return {f"{prefix}DATABASE_{name}": value for name, value in told.items()}

    def allow_from(self, service: InstanceGroup, *, connections: int = 10) -> None:
        """Let a service connect and read the password. The rules are made in the service's scope.

        Args:
            service: the instances.
            connections: how many each of them opens at most.

        Raises:
            ConstructError: when the services together could open more than there are.
        """
        self._shares.append(ConnectionAllocation(service.node.id, service.capacity.maximum, connections))
        taken = sum(share.total for share in self._shares)
        if taken > self.max_connections - RESERVED:
            raise ConstructError(
                self.node.path,
                option="max_connections",
                given=self.max_connections,
                allowed=f"at least {taken + RESERVED}: {'; '.join(map(str, self._shares))}; {RESERVED} are reserved",
                fix="raise it if the instance class has the memory, or open fewer connections in each service",
            )
        self.security_group.allow_from(
            service,
            "database",
            source=service.security_group,
            port=self.port,
            description=f"PostgreSQL for {service.node.id}",
        )
        service.role.allow("ReadDatabaseSecret", ["secretsmanager:GetSecretValue"], [self.secret_arn])
