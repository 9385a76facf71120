"""The database's password changes while people use the portal, as Secrets Manager's rotation changes it."""

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
from tests.e2e.instances.instance_groups import Fleet
from tests.e2e.instances.load_generator import Crowd
from workspace.ports import LOOPBACK

_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND backend_start > %s"
_CLOSE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND state = 'idle'"


def test_no_request_fails_twice_when_the_password_of_the_database_is_rotated(
    region: Region, fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = fleet.of(PORTAL).group.environment
    fleet.of(WORKER)
    arn = environment["DATABASE_SECRET_ARN"]
    old = deployment.database_credentials(region.aws_port, arn)
    new = secrets.token_urlsafe(24)
    with Crowd(fleet.rollout.balancer.url, make_clip(tmp_path / "clip.mp4", seconds=4), retries=1) as crowd:
        wait_for(lambda: crowd.votes, what="the first vote")
        region.cluster.ensure_role(old.username, new)
        aws.client("secretsmanager", region.aws_port).put_secret_value(
            SecretId=arn, SecretString=json.dumps({"username": old.username, "password": new})
        )
        ((rotated,),) = rows(region, "SELECT clock_timestamp()")
        # Open connections outlive a rotation; without them every process needs the new password at once.
        rows(region, _CLOSE, old.username)
        before, uploaded = crowd.answered, len(crowd.uploads)
        wait_for(lambda: crowd.answered > before + 30, what="30 answers since")
        wait_for(lambda: len(crowd.uploads) > uploaded, what="an upload since")
    with capsys.disabled():
        print(f"\nrotation: {crowd}")  # noqa: T201
    assert crowd.failed == []
    where = {"host": LOOPBACK, "port": region.cluster.port, "dbname": environment["DATABASE_NAME"]}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(user=old.username, password=old.password, **where)
    ((opened,),) = rows(region, _OPEN, old.username, rotated)
    assert opened > 0
    wait_until_settled(region, crowd.uploads, seconds=120)
    assert_each_processed_once(region, crowd.uploads)
    assert stored_votes(region, crowd.signed_up) == crowd.votes
