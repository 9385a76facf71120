"""Typed, safe-by-default constructs for a web service, a queue, workers, PostgreSQL and an object store on AWS.

    from constructs_lib import Bucket, Network, Queue

Importing the package costs next to nothing and starts no Node: each name is imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs_lib.access_log_bucket import AccessLogBucket
    from constructs_lib.alarm import Alarm, CompositeAlarm
    from constructs_lib.alarm_topic import AlarmTopic
    from constructs_lib.bucket import Bucket, LifecycleRule
    from constructs_lib.certificate import Certificate, Domain
    from constructs_lib.dashboard import Dashboard
    from constructs_lib.database import PostgresDatabase
    from constructs_lib.database_monitoring import DatabaseMonitoring
    from constructs_lib.errors import ConstructError
    from constructs_lib.fleet_options import Capacity, InstanceOptions
    from constructs_lib.load_balancer import PublicLoadBalancer
    from constructs_lib.log_queries import LogQueries, LogQuery
    from constructs_lib.metric import Metric, MetricMath
    from constructs_lib.monitoring import Graph, Monitoring
    from constructs_lib.network import Network
    from constructs_lib.profiles import Profile
    from constructs_lib.queue import Queue
    from constructs_lib.queue_monitoring import QueueMonitoring
    from constructs_lib.queue_workers import QueueWorkers
    from constructs_lib.queue_workers_monitoring import QueueWorkersMonitoring
    from constructs_lib.relaxations import relax
    from constructs_lib.release import Release
    from constructs_lib.secret import GeneratedSecret
    from constructs_lib.security import SecurityAspect
    from constructs_lib.security_group import SecurityGroup
    from constructs_lib.service_role import ServiceRole
    from constructs_lib.stack import LocalState, S3State, Stack
    from constructs_lib.web_firewall import WebFirewall
    from constructs_lib.web_service import WebService
    from constructs_lib.web_service_monitoring import WebServiceMonitoring

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
    "Stack",
    "WebFirewall",
    "WebService",
    "WebServiceMonitoring",
    "relax",
]

_MODULES = {
    "AccessLogBucket": "access_log_bucket",
    "Alarm": "alarm",
    "AlarmTopic": "alarm_topic",
    "Bucket": "bucket",
    "Capacity": "fleet_options",
    "Certificate": "certificate",
    "CompositeAlarm": "alarm",
    "ConstructError": "errors",
    "Dashboard": "dashboard",
    "DatabaseMonitoring": "database_monitoring",
    "Domain": "certificate",
    "GeneratedSecret": "secret",
    "Graph": "monitoring",
    "InstanceOptions": "fleet_options",
    "LifecycleRule": "bucket",
    "LocalState": "stack",
    "LogQueries": "log_queries",
    "LogQuery": "log_queries",
    "Metric": "metric",
    "MetricMath": "metric",
    "Monitoring": "monitoring",
    "Network": "network",
    "PostgresDatabase": "database",
    "Profile": "profiles",
    "PublicLoadBalancer": "load_balancer",
    "Queue": "queue",
    "QueueMonitoring": "queue_monitoring",
    "QueueWorkers": "queue_workers",
    "QueueWorkersMonitoring": "queue_workers_monitoring",
    "Release": "release",
    "S3State": "stack",
    "SecurityAspect": "security",
    "SecurityGroup": "security_group",
    "ServiceRole": "service_role",
    "Stack": "stack",
    "WebFirewall": "web_firewall",
    "WebService": "web_service",
    "WebServiceMonitoring": "web_service_monitoring",
    "relax": "relaxations",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
