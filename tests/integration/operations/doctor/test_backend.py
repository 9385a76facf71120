"""Checks of the state: accessible, not locked, shared between machines."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from emulator import aws
from operations.doctor import backend
from operations.doctor.findings import Level
from workspace.ports import free_port

INFO = {"ID": "1234-5678", "Who": "ana@desk", "Created": "2026-01-02T03:04:05Z", "Operation": "OperationTypeApply"}
HOLD = (
    "import fcntl, sys; f = open(sys.argv[1], 'r+b'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); input()"
)


def test_missing_state_folder_is_ok(tmp_path: Path) -> None:
    (finding,) = backend.check_local(tmp_path / "state/anb", shared=False)
    assert (finding.level, finding.message) == (Level.OK, f"in {tmp_path}/state/anb, not locked")


def test_local_state_of_an_aws_target_is_a_warning(tmp_path: Path) -> None:
    (finding,) = backend.check_local(tmp_path, shared=True)
    assert finding.level is Level.WARNING
    assert finding.message == f"only on this machine, in {tmp_path}" and 'state_backend = "s3"' in finding.fix


def test_state_locked_by_a_running_program_is_a_problem(tmp_path: Path) -> None:
    state = tmp_path / "queue.tfstate"
    state.write_text("{}")
    (tmp_path / ".queue.tfstate.lock.info").write_text(json.dumps(INFO))
    # Without the program the lock file alone is no lock.
    assert [finding.level for finding in backend.check_local(tmp_path, shared=False)] == [Level.OK]
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        (finding,) = backend.check_local(tmp_path, shared=False)
        holder.communicate("\n")
    assert (finding.level, finding.message) == (
        Level.PROBLEM,
        "queue is locked by ana@desk since 2026-01-02T03:04:05Z",
    )
    assert finding.fix == (
        "Wait for the other deployment; if it no longer runs: terraform force-unlock 1234-5678 in the stack's folder"
    )


def test_read_only_state_folder_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # root can write everywhere.
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    (finding,) = backend.check_local(tmp_path / "state", shared=False)
    assert (finding.level, finding.message) == (Level.PROBLEM, f"{tmp_path} is not writable")


@pytest.fixture
def s3(aws_port: int) -> Any:
    return aws.client("s3", aws_port)


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"state-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name


def test_missing_bucket_is_a_problem(s3: Any) -> None:
    (finding,) = backend.check_s3(s3, "does-not-exist", "anb/")
    assert (finding.level, finding.message) == (Level.PROBLEM, "the bucket does-not-exist does not exist")
    assert finding.fix == "Create it: aws s3 mb s3://does-not-exist"


def test_bucket_without_versioning_is_a_warning(s3: Any, bucket: str) -> None:
    (finding,) = backend.check_s3(s3, bucket, "anb/")
    assert finding.level is Level.WARNING and f"put-bucket-versioning --bucket {bucket}" in finding.fix
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    (finding,) = backend.check_s3(s3, bucket, "anb/")
    assert (finding.level, finding.message) == (Level.OK, f"in s3://{bucket}/anb/, not locked")


@pytest.mark.parametrize("body", [json.dumps(INFO), "not json"])
def test_lock_file_in_the_bucket_is_a_problem(s3: Any, bucket: str, body: str) -> None:
    s3.put_object(Bucket=bucket, Key="anb/queue.tfstate.tflock", Body=body.encode())
    s3.put_object(Bucket=bucket, Key="other/queue.tfstate.tflock", Body=b"")
    (finding,) = backend.check_s3(s3, bucket, "anb/")
    assert finding.level is Level.PROBLEM
    assert finding.message == "queue is locked" + (" by ana@desk since 2026-01-02T03:04:05Z" if body[0] == "{" else "")


def test_unreachable_bucket_is_a_problem() -> None:
    (finding,) = backend.check_s3(aws.client("s3", free_port()), "state-bucket", "anb/")
    assert finding.level is Level.PROBLEM and finding.message.startswith("the bucket state-bucket is not reachable: ")


def test_check_does_not_keep_the_lock(tmp_path: Path) -> None:
    (tmp_path / "queue.tfstate").write_text("{}")
    backend.check_local(tmp_path, shared=False)
    with (tmp_path / "queue.tfstate").open("r+b") as state:
        fcntl.lockf(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
