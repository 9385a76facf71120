"""Where Terraform keeps its states: whether they can be reached, and whether somebody holds one."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.doctor.findings import DoctorFinding, ok, problem, warning

_ABOUT = "State"
_LOCK = ".tfstate.tflock"


def local(folder: Path, *, shared: bool) -> list[DoctorFinding]:
    """States on this machine.

    Args:
        folder: holds ``<stack>.tfstate``.
        shared: whether what it describes can be changed from elsewhere, as AWS can.
    """
    parent = next(each for each in (folder, *folder.parents) if each.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        return [problem(_ABOUT, f"{parent} cannot be written", "Change its owner, or the setting state_directory")]
    held = [file for file in sorted(folder.glob("*.tfstate")) if _is_held(file)]
    if held:
        return [_locked(file.stem, _lock_info(file)) for file in held]
    if shared:
        mend = 'Set state_backend = "s3" and state_bucket: it has versions, and locks for all who deploy'
        return [warning(_ABOUT, f"on this machine alone, in {folder}", mend)]
    return [ok(_ABOUT, f"in {folder}, not locked")]


def s3(client: Any, bucket: str, prefix: str) -> list[DoctorFinding]:
    """States in a bucket.

    Args:
        client: boto3 client of S3.
        bucket: its name.
        prefix: what stands before ``<stack>.tfstate``.
    """
    try:
        client.head_bucket(Bucket=bucket)
        versions = client.get_bucket_versioning(Bucket=bucket).get("Status")
        listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        locks = [each["Key"] for each in listed if each["Key"].endswith(_LOCK)]
        held = [(key, _parsed(client.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in locks]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchBucket"):
            return [problem(_ABOUT, f"there is no bucket {bucket}", f"Make it: aws s3 mb s3://{bucket}")]
        return [problem(_ABOUT, f"the bucket {bucket} cannot be read ({code})", "Allow it, or choose state_bucket")]
    except BotoCoreError as error:
        return [problem(_ABOUT, f"the bucket {bucket} cannot be reached: {error}", "Look at the way to AWS")]
    if held:
        return [_locked(key.removeprefix(prefix).removesuffix(_LOCK), info) for key, info in held]
    if versions != "Enabled":
        mend = f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
        return [warning(_ABOUT, f"the bucket {bucket} keeps no versions, so a lost state is lost", mend)]
    return [ok(_ABOUT, f"in s3://{bucket}/{prefix}, not locked")]


def _is_held(file: Path) -> bool:
    """Whether a program holds Terraform's lock of a state on this machine, which ends with the program."""
    with file.open("r+b") as state:
        try:
            fcntl.lockf(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def _lock_info(file: Path) -> dict[str, Any]:
    try:
        return _parsed((file.parent / f".{file.name}.lock.info").read_bytes())
    except OSError:
        return {}


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except ValueError:
        return {}


def _locked(stack: str, info: dict[str, Any]) -> DoctorFinding:
    who = f" by {info['Who']}" if info.get("Who") else ""
    since = f" since {info['Created']}" if info.get("Created") else ""
    mend = "Wait for the other deployment"
    if info.get("ID"):
        mend += f"; if it is gone for good: terraform force-unlock {info['ID']} in the stack's folder"
    return problem(_ABOUT, f"{stack} is locked{who}{since}", mend)
