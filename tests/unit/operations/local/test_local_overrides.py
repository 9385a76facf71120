"""Local overrides change only what the emulator does not run; all other variables stay."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from operations.local.deployment import LOOPBACK_PORTAL, LOOPBACK_WORKER
from operations.local.local_overrides import DatabaseTls, LocalPorts, apply_local_overrides
from services.environment import PortalEnvironment, WorkerEnvironment
from workspace.processes import STOP_SECONDS

PORTS = LocalPorts(database_port=15432, aws_port=14566, portal_port=18080)
SHARED = {
    "environment_name": "anb",
    "aws_region": "eu-west-1",
    "release": "abc",
    "database_host": "anb.rds.amazonaws.com",
    "database_port": 5432,
    "database_name": "anb",
    "database_secret_arn": "arn:database",
    "database_ssl_mode": "verify-full",
    "database_ca_file": None,
    "media_bucket": "anb-media",
    "queue_url": "http://sqs/anb",
    "log_group": "/anb/portal",
}
PORTAL = PortalEnvironment(
    **(
        LOOPBACK_PORTAL
        | SHARED
        | {
            "portal_host": "0.0.0.0",
            "drain_seconds": 50,
            "secure_cookies": True,
            "proxy_hops": 1,
            "public_hosts": ("anb.example",),
        }
    ),
    token_secret_arn="arn:token",
).as_variables()
WORKER = WorkerEnvironment(
    **(LOOPBACK_WORKER | SHARED | {"worker_concurrency": 3, "require_isolation": True, "stop_seconds": 920})
).as_variables()


def test_portal_uses_the_local_database_and_listens_on_loopback() -> None:
    changed = {
        name: text for name, text in apply_local_overrides(PORTAL, PORTS).items() if PORTAL.get(name, text) != text
    }
    assert changed == {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": "15432",
        "DATABASE_SSL_MODE": "disable",
        "DRAIN_SECONDS": "0",
        "LOG_GROUP": "",
        "PORTAL_HOST": "127.0.0.1",
        "PORTAL_PORT": "18080",
        "PROXY_HOPS": "0",
        "SECURE_COOKIES": "False",
        "PUBLIC_HOSTS": "",
    }


def test_database_behind_tls_is_verified() -> None:
    tls = DatabaseTls(port=16432, ca_file=Path("/run/ca.pem"))
    variables = apply_local_overrides(PORTAL, dataclasses.replace(PORTS, tls=tls))
    assert variables["DATABASE_PORT"] == "16432"
    assert (variables["DATABASE_SSL_MODE"], variables["DATABASE_CA_FILE"]) == ("verify-full", "/run/ca.pem")


def test_worker_gets_no_portal_variables() -> None:
    variables = apply_local_overrides(WORKER, PORTS)
    assert "PORTAL_PORT" not in variables
    assert variables["WORKER_CONCURRENCY"] == "3"


def test_worker_stop_timeout_is_the_supervisors() -> None:
    assert apply_local_overrides(WORKER, PORTS)["STOP_SECONDS"] == str(STOP_SECONDS)
    assert "STOP_SECONDS" not in apply_local_overrides(PORTAL, PORTS)


def test_aws_is_the_embedded_one_in_the_same_region() -> None:
    variables = apply_local_overrides(WORKER, PORTS)
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:14566"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_result_is_a_complete_environment() -> None:
    assert PortalEnvironment.from_variables(apply_local_overrides(PORTAL, PORTS)).portal_port == 18080
    assert WorkerEnvironment.from_variables(apply_local_overrides(WORKER, PORTS)).media_bucket == "anb-media"
