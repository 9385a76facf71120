"""Alarms and graphs of a database."""

from __future__ import annotations

from constructs_lib.database.postgres import PostgresDatabase
from constructs_lib.foundation import cdk
from constructs_lib.monitoring.alarm_topic import AlarmTopic
from constructs_lib.monitoring.metric import Metric
from constructs_lib.monitoring.monitoring import Graph, Monitoring

_GIB = 1024**3
_BUSY_PERCENT = 80
_BUSY_SHARE = 0.8
_FREE_SHARE = 0.1


class DatabaseMonitoring(Monitoring):
    """Alarms ``high-cpu``, ``low-storage`` and ``high-connections``, each after ``<name>-``.

    Thresholds: 80 % CPU, 10 % free storage (at least 2 GiB), 80 % of the connections.

    Args:
        database: monitored database.
        name: prefix of the alarms' names; by default derived from the construct's path.
        on_alarm: topic to notify; none by default.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        database: PostgresDatabase,
        name: str | None = None,
        on_alarm: AlarmTopic | None = None,
    ) -> None:
        super().__init__(scope, id, name=name, on_alarm=on_alarm)
        max_connections = database.max_connections

        def metric(name: str, statistic: str, label: str) -> Metric:
            return Metric(
                namespace="AWS/RDS",
                name=name,
                dimensions={"DBInstanceIdentifier": database.instance_id},
                statistic=statistic,
                label=label,
            )

        cpu = metric("CPUUtilization", "Average", "CPU")
        free = metric("FreeStorageSpace", "Minimum", "free storage")
        connections = metric("DatabaseConnections", "Average", "connections")
        min_free = max(2 * _GIB, int(database.storage_gib * _FREE_SHARE * _GIB))
        high_cpu = self.add_alarm(
            "high-cpu",
            meaning=f"The database's CPU is above {_BUSY_PERCENT} %, or it reports nothing any more",
            action="Look for slow statements (pg_stat_activity) and at the load; take a larger instance class",
            metric=cpu,
            comparison=">",
            threshold=_BUSY_PERCENT,
            periods=2,
            # A running instance reports every minute, so ten minutes without data mean that it is down.
            missing="breaching",
        )
        low_storage = self.add_alarm(
            "low-storage",
            meaning=f"The database has less than {min_free / _GIB:g} GiB left, and stops when it has none",
            action="Raise the storage (it grows while in use), then find what fills it",
            metric=free,
            comparison="<",
            threshold=min_free,
            # high-cpu reports missing data; the last known storage stays valid.
            missing="ignore",
        )
        many_connections = self.add_alarm(
            "high-connections",
            meaning=f"{_BUSY_SHARE * 100:g} % of the {max_connections} connections are taken; it refuses any beyond",
            action="Find who holds them (pg_stat_activity); lower the pools' sizes or raise max_connections",
            metric=connections,
            comparison=">",
            threshold=max_connections * _BUSY_SHARE,
            periods=2,
            # high-cpu reports missing data.
            missing="ignore",
        )
        self.add_graph(Graph(title="Database CPU (%)", left=[cpu], limits=[high_cpu]))
        self.add_graph(Graph(title="Database connections", left=[connections], limits=[many_connections]))
        self.add_graph(Graph(title="Database storage (bytes)", left=[free], limits=[low_storage]))
