"""`anb destroy` on the AWS emulator: backup of every object, and leftovers with their cost."""

from __future__ import annotations

import uuid
from pathlib import Path

from emulator import aws
from operations.destroy.backup import back_up, file_paths
from operations.destroy.leftovers_report import list_leftovers
from tests.unit.operations.destroy.test_backup import KEYS


def test_backup_writes_every_object(aws_port: int, tmp_path: Path) -> None:
    s3, bucket = aws.client("s3", aws_port), f"backup-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    # Unlike S3, the AWS emulator resolves dots in a key as path segments and rejects line breaks.
    written = [key for key in KEYS if key not in ("../../outside.mp4", ".") and "\n" not in key]
    for key in written:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert back_up(s3, bucket, tmp_path / "backup") == len(written)
    for key, path in file_paths(written).items():
        assert (tmp_path / "backup" / path).read_bytes() == key.encode()


def test_leftovers_are_listed_with_their_cost(aws_port: int) -> None:
    environment = f"gone-{uuid.uuid4().hex[:8]}"
    s3, rds = aws.client("s3", aws_port), aws.client("rds", aws_port)
    s3.create_bucket(Bucket=f"{environment}-videos")
    s3.put_object(Bucket=f"{environment}-videos", Key="clip.mp4", Body=b"x" * 1024 * 1024)
    rds.create_db_instance(
        DBInstanceIdentifier=f"{environment}-postgres",
        Engine="postgres",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        MasterUsername="postgres",
        MasterUserPassword="only-for-this-test",
    )
    rds.create_db_snapshot(
        DBInstanceIdentifier=f"{environment}-postgres", DBSnapshotIdentifier=f"{environment}-postgres-final"
    )
    rds.delete_db_instance(
        DBInstanceIdentifier=f"{environment}-postgres", SkipFinalSnapshot=True, DeleteAutomatedBackups=False
    )
    queue = aws.client("sqs", aws_port).create_queue(QueueName=environment, tags={"Environment": environment})

    found = list(list_leftovers(lambda service: aws.client(service, aws_port), environment, [f"{environment}-videos"]))

    assert found[0] == (f"bucket {environment}-videos: 1 objects, 1.0 MiB, $0.00 a month, excluding old versions")
    assert found[1] == f"snapshot {environment}-postgres-final: up to 20 GiB, $1.90 a month at most"
    assert found[2] == (
        f"automated backups of {environment}-postgres: RDS deletes them when their retention ends, "
        "$0.095 per GiB and month until then"
    )
    assert queue["QueueUrl"].endswith(environment)
    assert [line for line in found[3:] if line.endswith(f":{environment}")], found
