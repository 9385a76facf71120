"""Terraform's import ids of resources in the AWS emulator."""

from __future__ import annotations

import uuid

from emulator import aws
from operations.deploy.orphan_recovery import Orphan, import_id


def test_import_id_of_each_kind_of_resource(aws_port: int) -> None:
    def orphan(kind: str, name: str) -> Orphan:
        return Orphan(stack="s", address=f"{kind}.it", kind=kind, path="it", name=name)

    def client(service: str) -> object:
        return aws.client(service, aws_port)

    name = f"orphan-{uuid.uuid4().hex[:8]}"
    url = aws.client("sqs", aws_port).create_queue(QueueName=name)["QueueUrl"]
    vpc = aws.client("ec2", aws_port).describe_vpcs()["Vpcs"][0]["VpcId"]
    targets = aws.client("elbv2", aws_port).create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)
    assert import_id(orphan("aws_sqs_queue", name), client) == url
    assert import_id(orphan("aws_lb_target_group", name), client) == targets["TargetGroups"][0]["TargetGroupArn"]
    assert import_id(orphan("aws_db_instance", name), client) == name
    for kind in ("aws_sqs_queue", "aws_lb", "aws_lb_target_group"):
        assert import_id(orphan(kind, "does-not-exist"), client) == ""
