"""Resources of the example with every option that the emulator does not support and that are left out of the apply.

Each entry probes the emulator and knows the expected answer. A different answer fails the test: either the emulator
now supports the resource and the entry can be deleted, or the gap has changed.
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
"""Function that creates a boto3 client of the emulator for a service."""

_AMI = "ami-04681a1dbd79675a5"


@dataclasses.dataclass(frozen=True, kw_only=True)
class EmulatorGap:
    """Resources that the emulator does not support.

    Args:
        prefix: prefix of the resources' Terraform addresses.
        reason: why they are left out.
        probe: uses the missing feature; returns the answer or the error.
        answer: expected result of the probe.
        replacement: value for references to them in the rest of the app.
    """

    prefix: str
    reason: str
    probe: Callable[[Clients], object]
    answer: object
    replacement: str | None = None


def _debian_image(clients: Clients) -> object:
    return _error_of(lambda: clients("ssm").get_parameter(Name=DEBIAN_13))


def _composite_alarm(clients: Clients) -> object:
    alarms, name = clients("cloudwatch"), "asked-for-both"

    def put_and_delete() -> None:
        alarms.put_composite_alarm(AlarmName=name, AlarmRule="TRUE")
        alarms.delete_alarms(AlarmNames=[name])

    return _error_of(put_and_delete)


def _query_definition(clients: Clients) -> object:
    return _error_of(lambda: clients("logs").put_query_definition(name="asked", queryString="fields @message"))


def _redrive_allow_policy(clients: Clients) -> object:
    queues = clients("sqs")
    url = queues.create_queue(
        QueueName="asked-for-redrive",
        Attributes={"RedriveAllowPolicy": policy.canonical({"redrivePermission": "denyAll"})},
    )["QueueUrl"]
    try:
        return _error_of(lambda: queues.get_queue_attributes(QueueUrl=url, AttributeNames=["RedriveAllowPolicy"]))
    finally:
        queues.delete_queue(QueueUrl=url)


def _put_over_plain_http(clients: Clients) -> object:
    objects, bucket = clients("s3"), "asked-for-tls"
    objects.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": objects.meta.region_name})
    denied = policy.document([policy.deny_plain_http("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"])])
    objects.put_bucket_policy(Bucket=bucket, Policy=denied)
    try:
        return _error_of(lambda: objects.put_object(Bucket=bucket, Key="object", Body=b"text"))
    finally:
        objects.delete_bucket_policy(Bucket=bucket)
        objects.delete_bucket(Bucket=bucket)


def _error_of(call: Callable[[], object]) -> object:
    try:
        return call()
    except ClientError as error:
        return str(error)


EMULATOR_GAPS = (
    EmulatorGap(
        prefix="data.aws_ssm_parameter.",
        reason="moto knows Amazon's public parameters but not Debian's, so the AMI is fixed",
        probe=_debian_image,
        answer="An error occurred (ParameterNotFound) when calling the GetParameter operation: "
        f"Parameter {DEBIAN_13} not found.",
        replacement=_AMI,
    ),
    EmulatorGap(
        prefix="aws_cloudwatch_composite_alarm.",
        reason="moto has no composite alarms; it returns an internal error, and Terraform retries forever",
        probe=_composite_alarm,
        answer="An error occurred (500) when calling the PutCompositeAlarm operation (reached max retries: 2): "
        "Internal Server Error",
    ),
    EmulatorGap(
        prefix="aws_cloudwatch_query_definition.",
        reason="moto has no saved log queries; it returns an internal error",
        probe=_query_definition,
        answer="An error occurred (500) when calling the PutQueryDefinition operation (reached max retries: 2): "
        "Internal Server Error",
    ),
    EmulatorGap(
        prefix="aws_sqs_queue_redrive_allow_policy.",
        reason="moto does not store the redrive allow policy, and Terraform waits for it forever",
        probe=_redrive_allow_policy,
        answer="An error occurred (InvalidAttributeName) when calling the GetQueueAttributes operation: "
        "Unknown Attribute RedriveAllowPolicy.",
    ),
    EmulatorGap(
        prefix="aws_s3_bucket_policy.photos_",
        reason="the release is uploaded to this bucket over the emulator's plain HTTP, which the policy denies",
        probe=_put_over_plain_http,
        answer="An error occurred (403) when calling the PutObject operation: Forbidden",
    ),
)


def unsupported_addresses(document: dict[str, Any]) -> set[str]:
    """Return the addresses of a stack's resources that the emulator does not support."""
    prefixes = tuple(gap.prefix for gap in EMULATOR_GAPS)
    return {address for address in addresses(document) if address.startswith(prefixes)}


def addresses(document: dict[str, Any]) -> set[str]:
    """Return the addresses of a stack's resources and data sources."""
    return {
        f"{'data.' if section == 'data' else ''}{kind}.{name}"
        for section in ("resource", "data")
        for kind, named in document[section].items()
        for name in named
    }


def without_gaps(document: dict[str, Any]) -> dict[str, Any]:
    """Return a synthesized stack without the resources that the emulator does not support."""
    text = json.dumps(document)
    for gap in EMULATOR_GAPS:
        if gap.replacement is not None:
            text = re.sub(rf"\$\{{{re.escape(gap.prefix)}[^}}]*\}}", gap.replacement, text)
    reduced: dict[str, Any] = json.loads(text)
    for address in unsupported_addresses(document):
        section = "data" if address.startswith("data.") else "resource"
        kind, name = address.removeprefix("data.").split(".")
        del reduced[section][kind][name]
        if not reduced[section][kind]:
            del reduced[section][kind]
    return reduced
