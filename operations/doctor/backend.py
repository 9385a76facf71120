"""Checks of the Terraform state: whether it is accessible, unlocked and shared."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.doctor.findings import DoctorFinding, ok, problem, warning

_SUBJECT = "State"
_LOCK_SUFFIX = ".tfstate.tflock"


def check_local(folder: Path, *, shared: bool) -> list[DoctorFinding]:
    """Check states on this machine.

    Args:
        folder: Folder with ``<stack>.tfstate``.
        shared: Others can change the deployed resources too, as in AWS.
    """
    parent = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        return [problem(_SUBJECT, f"{parent} is not writable", "Change its owner, or the setting state_directory")]
    locked = [file for file in sorted(folder.glob("*.tfstate")) if _is_locked(file)]
    if locked:
        return [_lock_finding(file.stem, _lock_info(file)) for file in locked]
    if shared:
        fix = 'Set state_backend = "s3" and state_bucket, for versioning and locks between machines'
        return [warning(_SUBJECT, f"only on this machine, in {folder}", fix)]
    return [ok(_SUBJECT, f"in {folder}, not locked")]


def check_s3(client: Any, bucket: str, prefix: str) -> list[DoctorFinding]:
    """Check states in a bucket.

    Args:
        client: boto3 client for S3.
        bucket: Name of the bucket.
        prefix: Key prefix of ``<stack>.tfstate``.
    """
    try:
        client.head_bucket(Bucket=bucket)
        versioning = client.get_bucket_versioning(Bucket=bucket).get("Status")
        objects = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        keys = [entry["Key"] for entry in objects if entry["Key"].endswith(_LOCK_SUFFIX)]
        locks = [(key, _parse(client.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in keys]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchBucket"):
            return [problem(_SUBJECT, f"the bucket {bucket} does not exist", f"Create it: aws s3 mb s3://{bucket}")]
        fix = "Grant access, or change state_bucket"
        return [problem(_SUBJECT, f"the bucket {bucket} cannot be read ({code})", fix)]
    except BotoCoreError as error:
        return [problem(_SUBJECT, f"the bucket {bucket} is not reachable: {error}", "Check the connection to AWS")]
    if locks:
        return [_lock_finding(key.removeprefix(prefix).removesuffix(_LOCK_SUFFIX), info) for key, info in locks]
    if versioning != "Enabled":
        fix = f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
        return [warning(_SUBJECT, f"the bucket {bucket} is not versioned, so a lost state cannot be restored", fix)]
    return [ok(_SUBJECT, f"in s3://{bucket}/{prefix}, not locked")]


def _is_locked(file: Path) -> bool:
    """Whether a program holds Terraform's lock of a local state; the lock ends with the program."""
    with file.open("r+b") as state:
        try:
            fcntl.lockf(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def _lock_info(file: Path) -> dict[str, Any]:
    try:
        return _parse((file.parent / f".{file.name}.lock.info").read_bytes())
    except OSError:
        return {}


def _parse(text: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except ValueError:
        return {}


def _lock_finding(stack: str, info: dict[str, Any]) -> DoctorFinding:
    owner = f" by {info['Who']}" if info.get("Who") else ""
    since = f" since {info['Created']}" if info.get("Created") else ""
    fix = "Wait for the other deployment"
    if info.get("ID"):
        fix += f"; if it no longer runs: terraform force-unlock {info['ID']} in the stack's folder"
    return problem(_SUBJECT, f"{stack} is locked{owner}{since}", fix)
