"""The traps that Terraform on AWS has set for others, each as a question to ask of a synthesized app.

Each function takes the stacks by name and tells what is wrong, a line for each place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from constructs_lib.foundation import template
from constructs_lib.foundation.template import Resource

App = Mapping[str, Mapping[str, Any]]

GROUP = "aws_autoscaling_group"
TEMPLATE = "aws_launch_template"
PREFIXED = {
    "aws_security_group": 100,
    "aws_launch_template": 102,
    "aws_lb_target_group": 6,
    "aws_db_parameter_group": 229,
    "aws_db_subnet_group": 229,
}
"""What is replaced while in use, and how long its name's prefix may be."""


def each(app: App, *kinds: str) -> Iterator[Resource]:
    for document in app.values():
        yield from (found for found in template.resources(document) if found.kind in kinds)


def stale_instances(app: App) -> Iterator[str]:
    """A change of the template must reach the instances: no ``$Latest``, and an instance refresh.

    https://github.com/terraform-aws-modules/terraform-aws-autoscaling/issues/155
    """
    for group in each(app, GROUP):
        version = group.blocks("launch_template")[0].get("version", "$Default")
        if not re.fullmatch(r"\$\{aws_launch_template\..*\.latest_version\}", version):
            yield f"{group.path}: launch template version {version} starts no refresh"
        if not group.blocks("instance_refresh"):
            yield f"{group.path}: no instance_refresh"


def schedules(app: App) -> Iterator[str]:
    """A scheduled action that leaves out a size sets it to zero, so -1 is written; and one is made after the other.

    https://github.com/TerraConstructs/base/issues/127
    """
    seen: dict[object, list[Resource]] = {}
    for action in each(app, "aws_autoscaling_schedule"):
        for size in ("min_size", "max_size", "desired_capacity"):
            if size not in action.properties:
                yield f"{action.path}: {size} is left out, which means 0; -1 leaves it as it is"
        earlier = seen.setdefault(action.properties["autoscaling_group_name"], [])
        if earlier and earlier[-1].address not in action.properties.get("depends_on", []):
            yield f"{action.path}: made at the same time as {earlier[-1].path}, on one group"
        earlier.append(action)


def backlog(app: App) -> Iterator[str]:
    """Backlog for each instance: the quotient alone is returned, the queue is named right, no division by zero.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html
    """
    groups = {f"${{{group.address}.name}}": group for group in each(app, GROUP)}
    for rule in each(app, "aws_autoscaling_policy"):
        for tracking in rule.blocks("target_tracking_configuration"):
            metrics = (tracking.get("customized_metric_specification") or {}).get("metrics", [])
            if metrics:
                yield from _metric_math(rule, metrics, groups.get(rule.properties["autoscaling_group_name"]))


def _metric_math(rule: Resource, metrics: list[dict[str, Any]], group: Resource | None) -> Iterator[str]:
    returned = [metric for metric in metrics if metric.get("return_data", True)]
    if len(returned) != 1 or not re.search(r"\w\s*/\s*\S", returned[0].get("expression", "")):
        yield f"{rule.path}: returns {[metric['id'] for metric in returned]}, not the quotient alone"
    elif "/ IF(" not in returned[0]["expression"]:
        yield f"{rule.path}: {returned[0]['expression']} divides by zero when the group is empty"
    for metric in metrics:
        wanted = metric.get("metric_stat", {}).get("metric", {})
        names = [dimension["name"] for dimension in wanted.get("dimensions", [])]
        if wanted.get("namespace") == "AWS/SQS" and names != ["QueueName"]:
            yield f"{rule.path}: dimensions {names} are no queue's; QueueName is"
    published = group.properties.get("enabled_metrics", []) if group else ["GroupInServiceInstances"]
    if "GroupInServiceInstances" not in published:
        yield f"{rule.path}: its group publishes no GroupInServiceInstances"
    if group and group.properties.get("metrics_granularity", "1Minute") != "1Minute":
        yield f"{rule.path}: its group publishes no metrics each minute"


def plain_http_to_objects(app: App) -> Iterator[str]:
    """A bucket's policy that wants TLS names the bucket and its objects."""
    for found in each(app, "aws_s3_bucket_policy"):
        for statement in json.loads(found.properties["policy"])["Statement"]:
            if statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false":
                resources = set(_listed(statement["Resource"]))
                buckets = {resource.removesuffix("/*") for resource in resources}
                if resources != buckets | {f"{bucket}/*" for bucket in buckets}:
                    yield f"{found.path}: refuses plain HTTP for {sorted(resources)} only"


def untagged_volumes(app: App) -> Iterator[str]:
    """A group's tags reach no volume: the launch template tags instances and volumes.

    https://github.com/TerraConstructs/base/issues/125
    """
    for launch_template in each(app, TEMPLATE):
        tagged = {block["resource_type"] for block in launch_template.blocks("tag_specifications") if block.get("tags")}
        if not {"instance", "volume"} <= tagged:
            yield f"{launch_template.path}: tags {sorted(tagged) or 'nothing'}, not instance and volume"


def wedged_replacements(app: App) -> Iterator[str]:
    """What is replaced while in use has a prefix for a name, and its successor is made first.

    https://github.com/hashicorp/terraform-provider-aws/issues/1315
    """
    for found in each(app, *PREFIXED):
        prefix = found.properties.get("name_prefix", "")
        if not prefix or "name" in found.properties:
            yield f"{found.path}: a name of its own collides with its successor's"
        elif len(prefix) > PREFIXED[found.kind]:
            yield f"{found.path}: prefix {prefix} is longer than {PREFIXED[found.kind]}"
        if not (found.properties.get("lifecycle") or {}).get("create_before_destroy"):
            yield f"{found.path}: is destroyed before its successor is made"


def ignored_protection(app: App) -> Iterator[str]:
    """Where instances are protected from scale-in the refresh says what it does with them.

    The provider sends Ignore where nothing is said, the API's own default is Wait: the refresh would pass them by.
    """
    for group in each(app, GROUP):
        if group.properties.get("protect_from_scale_in"):
            for refresh in group.blocks("instance_refresh"):
                chosen = refresh.get("preferences", {}).get("scale_in_protected_instances")
                if chosen not in ("Wait", "Refresh"):
                    yield f"{group.path}: protected instances are passed by ({chosen or 'Ignore, the default'})"


def secrets_in_state(app: App) -> Iterator[str]:
    """No resource puts a secret in the state."""
    made = {"random_password", "tls_private_key", "aws_iam_access_key", "aws_key_pair"}
    for name, document in app.items():
        for found in template.resources(document):
            told = {"password", "master_password", "secret_string", "secret_binary", "auth_token"} & {*found.properties}
            if found.kind in made or told:
                yield f"{found.path}: {found.kind} puts {', '.join(sorted(told)) or 'a secret'} in the state"
            if found.kind == "aws_db_instance" and found.properties.get("manage_master_user_password") is not True:
                yield f"{found.path}: RDS does not manage the password"
        for kind in document.get("data", {}):
            if kind in ("aws_secretsmanager_secret_version", "aws_secretsmanager_random_password"):
                yield f"{name}: data {kind} puts a secret in the state"


def visible_crossings(app: App) -> Iterator[str]:
    """What one stack tells another is hidden from the screen."""
    for name, document in app.items():
        for output, said in document.get("output", {}).items():
            if output.startswith("cross-stack-output-") and said.get("sensitive") is not True:
                yield f"{name}: {output} is not sensitive"


def unread_by_scanners(app: App) -> Iterator[str]:
    """checkov cannot read a stack that holds ``required_version``, and passes it.

    https://github.com/bridgecrewio/checkov/issues/7454
    """
    for name, document in app.items():
        if "required_version" in document.get("terraform", {}):
            yield f"{name}: required_version blinds checkov"


def hashed_references(app: App) -> Iterator[str]:
    """No reference of the framework is left unresolved, in a name, a hash or a script."""
    for name, document in app.items():
        for token in sorted(set(re.findall(r"TfToken\[\w+|Token\[\w+|#\{Token", json.dumps(document)))):
            yield f"{name}: {token} is unresolved"


def reset_capacity(app: App) -> Iterator[str]:
    """No deployment sets back the number of instances that scaling chose.

    https://github.com/terraform-aws-modules/terraform-aws-autoscaling/pull/48
    """
    for group in each(app, GROUP):
        ignored = (group.properties.get("lifecycle") or {}).get("ignore_changes", [])
        if "desired_capacity" in group.properties and "desired_capacity" not in ignored:
            yield f"{group.path}: desired_capacity is set back at each deployment"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
