"""PostgreSQL on RDS."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from constructs_lib.compute.instance_group import InstanceGroup
from constructs_lib.database.connection_budget import RESERVED, ConnectionAllocation
from constructs_lib.database.reserved_names import check_database, check_username
from constructs_lib.foundation import cdk, names, offers, stack_context
from constructs_lib.foundation.errors import Checks, ConstructError
from constructs_lib.foundation.log_retention import check_retention
from constructs_lib.foundation.waivers import waive
from constructs_lib.network.network import Network
from constructs_lib.network.security_group import SecurityGroup

_PORT = 5432
_USUAL_BACKUPS = 7
_LOGS = ("postgresql", "upgrade")
"""PostgreSQL logs that RDS can export.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.html"""


class PostgresDatabase(cdk.Construct):
    """A private, encrypted PostgreSQL database; RDS creates its password, keeps it in Secrets Manager and rotates it.

    The server rejects connections without TLS (``rds.force_ssl``). Its logs go to CloudWatch.

    Args:
        network: network of the database, which uses the private subnets.
        name: name of the instance and prefix of its resources, lower case; by default derived from the construct's
            path.
        database: name of the initial database; not a word that PostgreSQL or RDS reserves.
        username: name of the master user; not a word that PostgreSQL or RDS reserves.
        version: major version of PostgreSQL, 11 to 18.
        instance_class: RDS instance class, such as db.t4g.micro; one that AWS does not offer in the stack's region is
            a warning at synth.
        storage_gib: size of the gp3 volume in GiB, 20 to 65536.
        single_zone_reason: reason for a database without a standby in another zone.
        backup_days: retention of automatic backups in days, 0 to 35.
        short_backups_reason: reason for a retention under 7 days, the minimum of Security Hub's RDS.11.
        log_days: retention of the logs in days; one of ``log_retention.RETENTION_DAYS``.
        unprotected_reason: reason why the database may be deleted; by default AWS prevents it.
        no_final_snapshot_reason: reason why a deleted database leaves nothing. By default RDS takes a final snapshot,
            with a name of its own for each database that is created, and retains the automated backups for
            ``backup_days``.
        max_connections: PostgreSQL's parameter, 6 to 262143; it must cover the maximum of all services. Each
            connection takes some MiB of memory.
        parameters: more PostgreSQL parameters.

    Raises:
        ConstructError: for a value out of range.
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
        no_final_snapshot_reason: str | None = None,
        max_connections: int = 100,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        checks = Checks(scope, id)
        name = names.database_instance(checks, name)
        check_database(checks, database)
        check_username(checks, username)
        if version not in offers.postgres_versions():
            versions = ", ".join(map(str, offers.postgres_versions()))
            raise checks.error("version", version, allowed=f"one of {versions}", fix="use 16, the usual choice")
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
        checks.name(
            "instance_class", instance_class, longest=40, owner="database", pattern=r"db\.[a-z0-9-]+(\.[a-z0-9-]+)+"
        )
        super().__init__(scope, id)
        if warning := offers.warning("database_classes", instance_class, stack_context.known_region(self)):
            cdk.Annotations.of(self).add_warning(warning)

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
        required = {"rds.force_ssl": "1", "max_connections": str(max_connections)}
        parameter_module = cdk.aws.db_parameter_group
        group = parameter_module.DbParameterGroup(
            self,
            "parameters",
            name_prefix=f"{name}-",
            family=f"postgres{version}",
            description="TLS only",
            parameter=[
                parameter_module.DbParameterGroupParameter(name=key, value=value, apply_method="pending-reboot")
                for key, value in sorted({**required, **(parameters or {})}.items())
            ],
            lifecycle=replaceable,
        )
        logs = [
            # RDS writes to log groups of these names; one that RDS creates itself never expires.
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
            skip_final_snapshot=no_final_snapshot_reason is not None,
            # Set even if it is skipped: a destroy may still decide to keep one.
            final_snapshot_identifier=_final_snapshot(subnets.name, database, username),
            # RDS deletes them by default. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
            delete_automated_backups=no_final_snapshot_reason is not None or not backup_days,
            depends_on=logs,
        )
        if single_zone_reason is not None:
            waive(self, "has no standby in another zone", reason=single_zone_reason, explains=["CKV_AWS_157"])
        if backup_days < _USUAL_BACKUPS and short_backups_reason is not None:
            weakened = f"keeps backups for less than {_USUAL_BACKUPS} days"
            waive(self, weakened, reason=short_backups_reason, explains=[] if backup_days else ["CKV_AWS_133"])
        if unprotected_reason is not None:
            waive(self, "may be deleted", reason=unprotected_reason, explains=["CKV_AWS_293"])
        if no_final_snapshot_reason is not None:
            rule = "database-without-final-snapshot"
            waive(self, "leaves no final snapshot", reason=no_final_snapshot_reason, explains=[rule])
        self.instance_id: str = instance.identifier
        self.host: str = instance.address
        self.port = _PORT
        self.storage_gib = storage_gib
        self.max_connections = max_connections
        self._allocations: list[ConnectionAllocation] = []
        self.database = database
        self.username = username
        self.secret_arn: str = instance.master_user_secret.get(0).secret_arn

    def environment(self, prefix: str = "") -> dict[str, str]:
        """Return the environment variables with the database's address and the ARN of its secret.

        Pass them in a service's ``environment``; ``allow_from`` adds the permissions. ``SSL_MODE`` is verify-full, so
        the program needs RDS's certificates (libpq's ``sslrootcert``), which AWS publishes at
        https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem.

        Args:
            prefix: prefix of the variables, for a program with several databases: ``"ORDERS_"`` gives
                ``ORDERS_DATABASE_HOST``.
        """
        variables = {
            "HOST": self.host,
            "PORT": str(self.port),
            "NAME": self.database,
            "SECRET_ARN": self.secret_arn,
            "SSL_MODE": "verify-full",
        }
        return {f"{prefix}DATABASE_{name}": value for name, value in variables.items()}

    def allow_from(self, service: InstanceGroup, *, connections: int = 10) -> None:
        """Allow a service to connect and to read the password. The rules are created in the service's scope.

        Args:
            service: instances that connect.
            connections: maximum number of connections per instance.

        Raises:
            ConstructError: if the services together could open more connections than available.
        """
        self._allocations.append(ConnectionAllocation(service.node.id, service.capacity.maximum, connections))
        allocated = sum(allocation.total for allocation in self._allocations)
        if allocated > self.max_connections - RESERVED:
            raise ConstructError(
                self.node.path,
                option="max_connections",
                value=self.max_connections,
                allowed=f"at least {allocated + RESERVED}: {'; '.join(map(str, self._allocations))}; "
                f"{RESERVED} are reserved",
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


def _final_snapshot(subnet_group: str, database: str, username: str) -> str:
    """Return a snapshot name that no other life of the database has: RDS refuses a name that exists.

    The subnet group is created with the database; Terraform appends the time and a counter to its name. Terraform
    replaces only the database when its initial database or its master user changes, so both are in the name, too.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
    """
    digest = hashlib.sha256(f"{database}/{username}".encode()).hexdigest()[:8]
    return f"{subnet_group}-{digest}-final"
