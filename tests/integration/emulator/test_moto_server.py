"""The AWS emulator serializes requests, except to SQS and S3."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from moto.server import DomainDispatcherApplication

from emulator import aws
from emulator.moto_server import SerializedMoto
from tests.alarms import put_alarm


def signed(service: str) -> dict[str, str]:
    scope = f"embedded/20260101/us-east-1/{service}/aws4_request"
    return {"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


@pytest.mark.parametrize(
    ("first", "second", "concurrent"),
    [
        ("ec2", "ec2", False),
        ("autoscaling", "ec2", False),
        ("sqs", "ec2", True),
        ("ec2", "s3", True),
        ("s3", "s3", True),
    ],
)
def test_requests_are_serialized_except_sqs_and_s3(
    monkeypatch: pytest.MonkeyPatch, first: str, second: str, concurrent: bool
) -> None:
    proceed, entered = threading.Semaphore(0), threading.Semaphore(0)

    def respond(_self: Any, _environ: Any, start: Any) -> list[bytes]:
        entered.release()
        assert proceed.acquire(timeout=30)
        start("200 OK", [])
        return []

    monkeypatch.setattr(DomainDispatcherApplication, "__call__", respond)
    application = SerializedMoto(lambda _service: None)
    requests = [threading.Thread(target=application, args=(signed(name), lambda *_: None)) for name in (first, second)]
    requests[0].start()
    assert entered.acquire(timeout=30)
    requests[1].start()
    assert entered.acquire(timeout=30 if concurrent else 0.3) is concurrent
    for _ in requests:
        proceed.release()
    for request in requests:
        request.join(timeout=30)
        assert not request.is_alive()


@pytest.mark.parametrize(
    ("status", "attempts", "expected"),
    [
        ("200 OK", ["a", "a"], [b"1", b"1"]),
        ("200 OK", ["a", "b"], [b"1", b"2"]),
        ("200 OK", ["", ""], [b"1", b"2"]),
        ("500 INTERNAL SERVER ERROR", ["a", "a"], [b"1", b"2"]),
    ],
    ids=["retry of a successful request", "another request", "no invocation id", "retry of a failed request"],
)
def test_retry_gets_the_first_response(
    monkeypatch: pytest.MonkeyPatch, status: str, attempts: list[str], expected: list[bytes]
) -> None:
    handled: list[None] = []

    def respond(_self: Any, _environ: Any, start: Any) -> list[bytes]:
        handled.append(None)
        start(status, [("x-amzn-requestid", str(len(handled)))])
        return [str(len(handled)).encode()]

    monkeypatch.setattr(DomainDispatcherApplication, "__call__", respond)
    application = SerializedMoto(lambda _service: None)
    heads: list[tuple[Any, ...]] = []
    bodies = []
    for name in attempts:
        environ = {**signed("ec2"), **({"HTTP_AMZ_SDK_INVOCATION_ID": name} if name else {})}
        bodies.append(b"".join(application(environ, lambda *head: heads.append(head))))

    assert bodies == expected
    assert heads == [(status, [("x-amzn-requestid", body.decode())]) for body in expected]


def test_retry_of_a_create_returns_the_same_resource(aws_port: int) -> None:
    iam = aws.client("iam", aws_port)

    def set_invocation_id(request: Any, **_: Any) -> None:
        request.headers["amz-sdk-invocation-id"] = "5f1c9d2e-lost"

    iam.meta.events.register("before-send.iam.CreateInstanceProfile", set_invocation_id)
    first, second = (iam.create_instance_profile(InstanceProfileName="lost-answer") for _ in range(2))
    iam.meta.events.unregister("before-send.iam.CreateInstanceProfile", set_invocation_id)

    assert first["InstanceProfile"]["InstanceProfileId"] == second["InstanceProfile"]["InstanceProfileId"]
    assert len(iam.list_instance_profiles()["InstanceProfiles"]) == 1


def test_bucket_with_delete_markers_can_be_emptied(aws_port: int, media_bucket: str) -> None:
    s3 = aws.client("s3", aws_port)
    s3.put_object(Bucket=media_bucket, Key="before.mp4", Body=b"video")
    s3.put_bucket_versioning(Bucket=media_bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket=media_bucket, Key="before.mp4")
    # As Terraform destroys a bucket: suspend versioning, then delete all versions and markers.
    s3.put_bucket_versioning(Bucket=media_bucket, VersioningConfiguration={"Status": "Suspended"})
    listed = s3.list_object_versions(Bucket=media_bucket)
    everything = [
        {"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed["Versions"] + listed["DeleteMarkers"]
    ]

    assert len(everything) == 2
    s3.delete_objects(Bucket=media_bucket, Delete={"Objects": everything})

    s3.delete_bucket(Bucket=media_bucket)
    assert media_bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]


def test_group_with_a_changed_template_launches_instances(aws_port: int) -> None:
    ec2, scaling = aws.client("ec2", aws_port), aws.client("autoscaling", aws_port)
    image = ec2.describe_images()["Images"][0]["ImageId"]
    data = {"ImageId": image, "InstanceType": "t3.small", "UserData": "IyEvYmluL3NoCg=="}
    template = ec2.create_launch_template(LaunchTemplateName="changed", LaunchTemplateData=data)["LaunchTemplate"]
    version = ec2.create_launch_template_version(
        LaunchTemplateId=template["LaunchTemplateId"], LaunchTemplateData=data
    )["LaunchTemplateVersion"]["VersionNumber"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="changed",
        MinSize=0,
        MaxSize=2,
        AvailabilityZones=["us-east-1a"],
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": str(version)},
    )
    scaling.set_desired_capacity(AutoScalingGroupName="changed", DesiredCapacity=1)
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["changed"])["AutoScalingGroups"]
    assert len(group["Instances"]) == 1


def test_launch_template_does_not_pass_on_its_own_tags(aws_port: int) -> None:
    ec2 = aws.client("ec2", aws_port)
    instances = {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}
    created = ec2.create_launch_template(
        LaunchTemplateName=f"tagged-{uuid.uuid4().hex[:8]}",
        LaunchTemplateData={"TagSpecifications": [instances]},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "Team", "Value": "video"}]}],
    )["LaunchTemplate"]
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateId=created["LaunchTemplateId"])[
        "LaunchTemplateVersions"
    ]
    assert created["Tags"] == [{"Key": "Team", "Value": "video"}]
    assert version["LaunchTemplateData"]["TagSpecifications"] == [instances]


def test_redrive_policy_has_the_format_of_aws(aws_port: int) -> None:
    sqs, name = aws.client("sqs", aws_port), uuid.uuid4().hex
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":3}}'
    queue = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]

    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    assert attributes["RedrivePolicy"] == policy
    assert "RedrivePolicy" not in sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]


def test_deleted_database_requires_a_new_snapshot_name_or_none(aws_port: int) -> None:
    """As in RDS: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html"""
    rds, name = aws.client("rds", aws_port), f"life-{uuid.uuid4().hex[:8]}"

    def create() -> None:
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            Engine="postgres",
            DBInstanceClass="db.t3.micro",
            AllocatedStorage=20,
            MasterUsername="keeper",
            ManageMasterUserPassword=True,
        )

    create()
    for refused in ({}, {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": f"{name}-1"}):
        with pytest.raises(rds.exceptions.ClientError, match="InvalidParameterCombination"):
            rds.delete_db_instance(DBInstanceIdentifier=name, **refused)
    rds.delete_db_instance(DBInstanceIdentifier=name, FinalDBSnapshotIdentifier=f"{name}-1")
    create()
    with pytest.raises(rds.exceptions.DBSnapshotAlreadyExistsFault):
        rds.delete_db_instance(DBInstanceIdentifier=name, FinalDBSnapshotIdentifier=f"{name}-1")
    rds.delete_db_instance(
        DBInstanceIdentifier=name, FinalDBSnapshotIdentifier=f"{name}-2", DeleteAutomatedBackups=False
    )
    kept = rds.describe_db_snapshots(SnapshotType="manual", DBInstanceIdentifier=name)["DBSnapshots"]
    assert sorted(each["DBSnapshotIdentifier"] for each in kept) == [f"{name}-1", f"{name}-2"]
    (retained,) = rds.describe_db_instance_automated_backups(DBInstanceIdentifier=name)["DBInstanceAutomatedBackups"]
    assert retained["Status"] == "retained"


def test_alarms_are_filtered_by_name_state_and_type(aws_port: int) -> None:
    cloudwatch, name = aws.client("cloudwatch", aws_port), uuid.uuid4().hex
    for suffix in ("on", "off"):
        put_alarm(cloudwatch, f"{name}-{suffix}")
    cloudwatch.set_alarm_state(AlarmName=f"{name}-on", StateValue="ALARM", StateReason="test")

    def found(**filters: object) -> set[str]:
        names = [f"{name}-{suffix}" for suffix in ("on", "off")]
        described = cloudwatch.describe_alarms(AlarmNames=names, **filters)["MetricAlarms"]
        return {alarm["AlarmName"].removeprefix(f"{name}-") for alarm in described}

    assert found() == {"on", "off"}
    assert found(StateValue="ALARM") == {"on"}
    assert found(AlarmTypes=["CompositeAlarm"]) == set()
