"""Rotate the database password under load, as Secrets Manager does."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import psycopg
import pytest

from benchmarks.boot.groups import PORTAL, WORKER
from benchmarks.boot.region import Region
from emulator import aws
from operations.local import deployment
from operations.local.clips import make_clip
from tests.e2e.instances.assertions import assert_each_processed_once, rows, stored_votes, wait_for, wait_until_settled
from tests.e2e.instances.instance_groups import RunningInstances
from tests.e2e.instances.load_generator import SimulatedUsers
from workspace.ports import LOOPBACK

_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND backend_start > %s"
_CLOSE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND state = 'idle'"


def test_database_password_rotation_fails_no_retried_request(
    region: Region, running: RunningInstances, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = running.of(PORTAL).group.environment
    running.of(WORKER)
    arn = environment["DATABASE_SECRET_ARN"]
    old = deployment.database_credentials(region.aws_port, arn)
    new = secrets.token_urlsafe(24)
    with SimulatedUsers(running.rollout.balancer.url, make_clip(tmp_path / "clip.mp4", seconds=4), retries=1) as users:
        wait_for(lambda: users.votes, what="the first vote")
        region.cluster.ensure_role(old.username, new)
        aws.client("secretsmanager", region.aws_port).put_secret_value(
            SecretId=arn, SecretString=json.dumps({"username": old.username, "password": new})
        )
        ((rotated,),) = rows(region, "SELECT clock_timestamp()")
        # Open connections survive a rotation; closing them forces every process to use the new password.
        rows(region, _CLOSE, old.username)
        before, uploaded = users.answered, len(users.uploads)
        wait_for(lambda: users.answered > before + 30, what="30 answers after the rotation")
        wait_for(lambda: len(users.uploads) > uploaded, what="an upload after the rotation")
    with capsys.disabled():
        print(f"\nrotation: {users}")  # noqa: T201
    assert users.failed == []
    where = {"host": LOOPBACK, "port": region.cluster.port, "dbname": environment["DATABASE_NAME"]}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(user=old.username, password=old.password, **where)
    ((opened,),) = rows(region, _OPEN, old.username, rotated)
    assert opened > 0
    wait_until_settled(region, users.uploads, seconds=120)
    assert_each_processed_once(region, users.uploads)
    assert stored_votes(region, users.signed_up) == users.votes
