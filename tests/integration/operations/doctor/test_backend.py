"""The states: reached, not held by anybody, and worth a warning where one machine alone has them."""

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


def test_a_folder_that_is_not_there_yet_will_be_made(tmp_path: Path) -> None:
    (found,) = backend.local(tmp_path / "state/anb", shared=False)
    assert (found.level, found.says) == (Level.OK, f"in {tmp_path}/state/anb, not locked")


def test_for_aws_a_state_on_one_machine_is_a_warning(tmp_path: Path) -> None:
    (found,) = backend.local(tmp_path, shared=True)
    assert found.level is Level.WARNING
    assert found.says == f"on this machine alone, in {tmp_path}" and 'state_backend = "s3"' in found.mend


def test_a_state_that_a_program_holds_is_a_problem_as_long_as_it_does(tmp_path: Path) -> None:
    state = tmp_path / "queue.tfstate"
    state.write_text("{}")
    (tmp_path / ".queue.tfstate.lock.info").write_text(json.dumps(INFO))
    # Left by a program that was killed: the lock went with it.
    assert [each.level for each in backend.local(tmp_path, shared=False)] == [Level.OK]
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        (found,) = backend.local(tmp_path, shared=False)
        holder.communicate("\n")
    assert (found.level, found.says) == (
        Level.PROBLEM,
        "queue is locked by ana@desk since 2026-01-02T03:04:05Z",
    )
    assert found.mend == (
        "Wait for the other deployment; if it is gone for good: terraform force-unlock 1234-5678 in the stack's folder"
    )


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # root may write everywhere.
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    (found,) = backend.local(tmp_path / "state", shared=False)
    assert (found.level, found.says) == (Level.PROBLEM, f"{tmp_path} cannot be written")


@pytest.fixture
def s3(aws_port: int) -> Any:
    return aws.client("s3", aws_port)


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"state-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name


def test_a_bucket_that_is_not_there_is_a_problem(s3: Any) -> None:
    (found,) = backend.s3(s3, "nobody-made-it", "anb/")
    assert (found.level, found.says) == (Level.PROBLEM, "there is no bucket nobody-made-it")
    assert found.mend == "Make it: aws s3 mb s3://nobody-made-it"


def test_a_bucket_without_versions_is_a_warning(s3: Any, bucket: str) -> None:
    (found,) = backend.s3(s3, bucket, "anb/")
    assert found.level is Level.WARNING and f"put-bucket-versioning --bucket {bucket}" in found.mend
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    (found,) = backend.s3(s3, bucket, "anb/")
    assert (found.level, found.says) == (Level.OK, f"in s3://{bucket}/anb/, not locked")


@pytest.mark.parametrize("body", [json.dumps(INFO), "not json"])
def test_a_lock_file_in_the_bucket_is_a_problem(s3: Any, bucket: str, body: str) -> None:
    s3.put_object(Bucket=bucket, Key="anb/queue.tfstate.tflock", Body=body.encode())
    s3.put_object(Bucket=bucket, Key="other/queue.tfstate.tflock", Body=b"")
    (found,) = backend.s3(s3, bucket, "anb/")
    assert found.level is Level.PROBLEM
    assert found.says == "queue is locked" + (" by ana@desk since 2026-01-02T03:04:05Z" if body[0] == "{" else "")


def test_a_bucket_that_does_not_answer_is_a_problem() -> None:
    (found,) = backend.s3(aws.client("s3", free_port()), "somebodys", "anb/")
    assert found.level is Level.PROBLEM and found.says.startswith("the bucket somebodys cannot be reached: ")


def test_looking_does_not_take_the_lock(tmp_path: Path) -> None:
    (tmp_path / "queue.tfstate").write_text("{}")
    backend.local(tmp_path, shared=False)
    with (tmp_path / "queue.tfstate").open("r+b") as state:
        fcntl.lockf(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
