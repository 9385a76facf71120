"""What the emulator cannot hold of the app with every option: left out of its apply, each with its reason.

Each row asks the emulator for the thing itself and knows what it answers. Another answer fails the test: then the
emulator has learned it, or forgets it in another way, and the row goes or changes.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from constructs_lib.compute.instance_options import DEBIAN_13
from constructs_lib.foundation import policy

Clients = Callable[[str], Any]
"""Gives a boto3 client of the emulator for a service."""

_AMI = "ami-04681a1dbd79675a5"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unheld:
    """Resources that the emulator cannot hold.

    Args:
        addresses: what the Terraform addresses of the resources begin with.
        reason: why they are left out.
        ask: tries the thing itself and gives what came of it.
        answer: what comes of it.
        instead: what stands where the rest of the app refers to them.
    """

    addresses: str
    reason: str
    ask: Callable[[Clients], object]
    answer: object
    instead: str | None = None


def _debian_image(clients: Clients) -> object:
    return _refusal(lambda: clients("ssm").get_parameter(Name=DEBIAN_13))


def _composite_alarm(clients: Clients) -> object:
    alarms, name = clients("cloudwatch"), "asked-for-both"

    def put_and_delete() -> None:
        alarms.put_composite_alarm(AlarmName=name, AlarmRule="TRUE")
        alarms.delete_alarms(AlarmNames=[name])

    return _refusal(put_and_delete)


def _query_definition(clients: Clients) -> object:
    return _refusal(lambda: clients("logs").put_query_definition(name="asked", queryString="fields @message"))


def _redrive_allow_policy(clients: Clients) -> object:
    queues = clients("sqs")
    url = queues.create_queue(
        QueueName="asked-for-redrive",
        Attributes={"RedriveAllowPolicy": policy.canonical({"redrivePermission": "denyAll"})},
    )["QueueUrl"]
    try:
        return _refusal(lambda: queues.get_queue_attributes(QueueUrl=url, AttributeNames=["RedriveAllowPolicy"]))
    finally:
        queues.delete_queue(QueueUrl=url)


def _put_where_plain_http_is_refused(clients: Clients) -> object:
    objects, bucket = clients("s3"), "asked-for-tls"
    objects.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": objects.meta.region_name})
    denied = policy.document([policy.deny_plain_http("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"])])
    objects.put_bucket_policy(Bucket=bucket, Policy=denied)
    try:
        return _refusal(lambda: objects.put_object(Bucket=bucket, Key="object", Body=b"text"))
    finally:
        objects.delete_bucket_policy(Bucket=bucket)
        objects.delete_bucket(Bucket=bucket)


def _refusal(call: Callable[[], object]) -> object:
    try:
        return call()
    except ClientError as error:
        return str(error)


UNHELD = (
    Unheld(
        addresses="data.aws_ssm_parameter.",
        reason="moto knows Amazon's public parameters and none of Debian's, so the AMI is given",
        ask=_debian_image,
        answer="An error occurred (ParameterNotFound) when calling the GetParameter operation: "
        f"Parameter {DEBIAN_13} not found.",
        instead=_AMI,
    ),
    Unheld(
        addresses="aws_cloudwatch_composite_alarm.",
        reason="moto has no composite alarms; it answers with an error of its own, and Terraform tries for ever",
        ask=_composite_alarm,
        answer="An error occurred (500) when calling the PutCompositeAlarm operation (reached max retries: 2): "
        "Internal Server Error",
    ),
    Unheld(
        addresses="aws_cloudwatch_query_definition.",
        reason="moto saves no queries of logs, and answers with an error of its own",
        ask=_query_definition,
        answer="An error occurred (500) when calling the PutQueryDefinition operation (reached max retries: 2): "
        "Internal Server Error",
    ),
    Unheld(
        addresses="aws_sqs_queue_redrive_allow_policy.",
        reason="moto forgets who may send to a dead-letter queue, and Terraform waits for it for ever",
        ask=_redrive_allow_policy,
        answer="An error occurred (InvalidAttributeName) when calling the GetQueueAttributes operation: "
        "Unknown Attribute RedriveAllowPolicy.",
    ),
    Unheld(
        addresses="aws_s3_bucket_policy.photos_",
        reason="the release goes into this bucket, the emulator answers over plain HTTP, and the policy refuses that",
        ask=_put_where_plain_http_is_refused,
        answer="An error occurred (403) when calling the PutObject operation: Forbidden",
    ),
)


def left_out(document: dict[str, Any]) -> set[str]:
    """The addresses of a stack's resources that the emulator cannot hold."""
    return {address for address in addresses(document) if any(address.startswith(each.addresses) for each in UNHELD)}


def addresses(document: dict[str, Any]) -> set[str]:
    """The addresses of a stack's resources and data sources."""
    return {
        f"{'data.' if section == 'data' else ''}{kind}.{name}"
        for section in ("resource", "data")
        for kind, named in document[section].items()
        for name in named
    }


def without(document: dict[str, Any]) -> dict[str, Any]:
    """A synthesized stack without what the emulator cannot hold."""
    text = json.dumps(document)
    for each in UNHELD:
        if each.instead is not None:
            text = re.sub(rf"\$\{{{re.escape(each.addresses)}[^}}]*\}}", each.instead, text)
    rest: dict[str, Any] = json.loads(text)
    for address in left_out(document):
        section = "data" if address.startswith("data.") else "resource"
        kind, name = address.removeprefix("data.").split(".")
        del rest[section][kind][name]
        if not rest[section][kind]:
            del rest[section][kind]
    return rest
