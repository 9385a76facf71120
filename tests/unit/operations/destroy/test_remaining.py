"""What destroy refuses, keeps and says remains."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from operations.deploy.states import State
from operations.destroy.command import parts_of_bucket, refuse_guarded
from operations.destroy.remaining import remaining
from operations.errors import UserError
from operations.local import aws


def standing(kind: str, **attributes: Any) -> dict[str, State]:
    return {"it": State({}, ((kind, "it", attributes),))}


@pytest.mark.parametrize(
    ("kind", "attributes", "named"),
    [
        (
            "aws_db_instance",
            {"identifier": "anb-postgres", "deletion_protection": True},
            "aws_db_instance anb-postgres",
        ),
        ("aws_lb", {"name": "anb-alb", "enable_deletion_protection": True}, "aws_lb anb-alb"),
        ("aws_s3_bucket", {"bucket": "anb-videos", "force_destroy": False}, "aws_s3_bucket anb-videos"),
    ],
)
def test_what_is_guarded_is_named_with_the_setting_to_change(kind: str, attributes: Any, named: str) -> None:
    with pytest.raises(UserError) as caught:
        refuse_guarded(standing(kind, **attributes))
    assert caught.value.message == (
        f"Guarded against being destroyed: {named}. Set protect_data = false, run ./anb deploy, and then ./anb destroy."
    )


def test_what_is_not_guarded_may_go() -> None:
    refuse_guarded(standing("aws_db_instance", identifier="x", deletion_protection=False))
    refuse_guarded(standing("aws_s3_bucket", bucket="x", force_destroy=True))
    refuse_guarded(standing("aws_iam_role", name="x", force_destroy=False))


def test_a_bucket_that_is_kept_keeps_all_that_is_set_on_it() -> None:
    resources = tuple(
        (kind, "it", {"bucket": bucket})
        for kind, bucket in (("aws_s3_bucket", "a"), ("aws_s3_bucket_policy", "a"), ("aws_s3_bucket", "b"))
    )
    assert parts_of_bucket(State({}, resources), "a") == ["aws_s3_bucket.it", "aws_s3_bucket_policy.it"]


def test_what_remains_is_told_with_its_cost(aws_port: int) -> None:
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
    queue = aws.client("sqs", aws_port).create_queue(QueueName=environment, tags={"Environment": environment})

    found = list(remaining(lambda service: aws.client(service, aws_port), environment, [f"{environment}-videos"]))

    assert found[0] == (f"bucket {environment}-videos: 1 objects, 1.0 MiB, $0.00 a month, former versions besides")
    assert found[1] == f"snapshot {environment}-postgres-final: up to 20 GiB, $1.90 a month at most"
    assert queue["QueueUrl"].endswith(environment)
    assert [line for line in found[2:] if line.endswith(f":{environment}")], found
