"""Typed, safe-by-default constructs for a web service, a queue, workers, PostgreSQL and an object store on AWS.

    from constructs_lib import Bucket, Network, Queue

Each name is imported on first use, so importing the package is fast and does not start Node.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs_lib.compute.instance_options import Capacity, InstanceOptions, SessionManagerAgent
    from constructs_lib.compute.release import Release
    from constructs_lib.compute.service_role import ServiceRole
    from constructs_lib.compute.web_service import WebService
    from constructs_lib.compute.web_service_monitoring import WebServiceMonitoring
    from constructs_lib.database.database_monitoring import DatabaseMonitoring
    from constructs_lib.database.postgres import PostgresDatabase
    from constructs_lib.edge.access_log_bucket import AccessLogBucket
    from constructs_lib.edge.certificate import Certificate, Domain
    from constructs_lib.edge.load_balancer import PublicLoadBalancer
    from constructs_lib.edge.web_firewall import WebFirewall
    from constructs_lib.foundation.errors import ConstructError
    from constructs_lib.foundation.stack import LocalState, S3State, Stack
    from constructs_lib.foundation.waivers import waive
    from constructs_lib.governance.profiles import Profile
    from constructs_lib.governance.security_aspect import SecurityAspect
    from constructs_lib.messaging.queue import Queue
    from constructs_lib.messaging.queue_monitoring import QueueMonitoring
    from constructs_lib.messaging.queue_workers import QueueWorkers
    from constructs_lib.messaging.queue_workers_monitoring import QueueWorkersMonitoring
    from constructs_lib.monitoring.alarm import Alarm, CompositeAlarm
    from constructs_lib.monitoring.alarm_topic import AlarmTopic
    from constructs_lib.monitoring.dashboard import Dashboard
    from constructs_lib.monitoring.log_queries import LogQueries, LogQuery
    from constructs_lib.monitoring.metric import Metric, MetricMath
    from constructs_lib.monitoring.monitoring import Graph, Monitoring
    from constructs_lib.network.network import Network
    from constructs_lib.network.security_group import SecurityGroup
    from constructs_lib.storage.bucket import Bucket, LifecycleRule
    from constructs_lib.storage.secret import GeneratedSecret

__all__ = [
    "AccessLogBucket",
    "Alarm",
    "AlarmTopic",
    "Bucket",
    "Capacity",
    "Certificate",
    "CompositeAlarm",
    "ConstructError",
    "Dashboard",
    "DatabaseMonitoring",
    "Domain",
    "GeneratedSecret",
    "Graph",
    "InstanceOptions",
    "LifecycleRule",
    "LocalState",
    "LogQueries",
    "LogQuery",
    "Metric",
    "MetricMath",
    "Monitoring",
    "Network",
    "PostgresDatabase",
    "Profile",
    "PublicLoadBalancer",
    "Queue",
    "QueueMonitoring",
    "QueueWorkers",
    "QueueWorkersMonitoring",
    "Release",
    "S3State",
    "SecurityAspect",
    "SecurityGroup",
    "ServiceRole",
    "SessionManagerAgent",
    "Stack",
    "WebFirewall",
    "WebService",
    "WebServiceMonitoring",
    "waive",
]

_MODULES = {
    "AccessLogBucket": "edge.access_log_bucket",
    "Alarm": "monitoring.alarm",
    "AlarmTopic": "monitoring.alarm_topic",
    "Bucket": "storage.bucket",
    "Capacity": "compute.instance_options",
    "Certificate": "edge.certificate",
    "CompositeAlarm": "monitoring.alarm",
    "ConstructError": "foundation.errors",
    "Dashboard": "monitoring.dashboard",
    "DatabaseMonitoring": "database.database_monitoring",
    "Domain": "edge.certificate",
    "GeneratedSecret": "storage.secret",
    "Graph": "monitoring.monitoring",
    "InstanceOptions": "compute.instance_options",
    "LifecycleRule": "storage.bucket",
    "LocalState": "foundation.stack",
    "LogQueries": "monitoring.log_queries",
    "LogQuery": "monitoring.log_queries",
    "Metric": "monitoring.metric",
    "MetricMath": "monitoring.metric",
    "Monitoring": "monitoring.monitoring",
    "Network": "network.network",
    "PostgresDatabase": "database.postgres",
    "Profile": "governance.profiles",
    "PublicLoadBalancer": "edge.load_balancer",
    "Queue": "messaging.queue",
    "QueueMonitoring": "messaging.queue_monitoring",
    "QueueWorkers": "messaging.queue_workers",
    "QueueWorkersMonitoring": "messaging.queue_workers_monitoring",
    "Release": "compute.release",
    "S3State": "foundation.stack",
    "SecurityAspect": "governance.security_aspect",
    "SecurityGroup": "network.security_group",
    "ServiceRole": "compute.service_role",
    "SessionManagerAgent": "compute.instance_options",
    "Stack": "foundation.stack",
    "WebFirewall": "edge.web_firewall",
    "WebService": "compute.web_service",
    "WebServiceMonitoring": "compute.web_service_monitoring",
    "waive": "foundation.waivers",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
