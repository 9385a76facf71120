"""Known pitfalls of Terraform on AWS, as checks of a synthesized app.

Each function takes the stacks by name and yields one line per problem.
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
"""Resources that are replaced while in use, with the maximum length of their name prefix."""


def each(app: App, *kinds: str) -> Iterator[Resource]:
    for document in app.values():
        yield from (resource for resource in template.resources(document) if resource.kind in kinds)


def stale_instances(app: App) -> Iterator[str]:
    """A new launch template version must reach the instances: a numbered version, and a rollout that it starts.

    https://github.com/terraform-aws-modules/terraform-aws-autoscaling/issues/155
    """
    for group in each(app, GROUP):
        version = group.blocks("launch_template")[0].get("version", "$Default")
        if not re.fullmatch(r"\$\{aws_launch_template\..*\.latest_version\}", version):
            yield f"{group.path}: launch template version {version} starts no rollout"
        elif not any(version in call.properties["input"] for call in _rollouts(app, group)):
            yield f"{group.path}: no rollout of a new launch template version"


def irreversible_rollouts(app: App) -> Iterator[str]:
    """Auto Scaling rolls back to the group's saved version, so Terraform must not save the new one itself.

    https://github.com/hashicorp/terraform-provider-aws/issues/34189
    """
    for group in each(app, GROUP):
        if group.blocks("instance_refresh"):
            yield f"{group.path}: instance_refresh saves the new version before the refresh, and cannot roll back"
        ignored = (group.properties.get("lifecycle") or {}).get("ignore_changes", [])
        if "launch_template" not in ignored:
            yield f"{group.path}: a deployment saves the new launch template version without a rollout"


def _rollouts(app: App, group: Resource) -> Iterator[Resource]:
    """Yield the calls that roll out to a group."""
    for call in each(app, "aws_lambda_invocation"):
        if group.address in call.properties.get("depends_on", []):
            yield call


def schedules(app: App) -> Iterator[str]:
    """A scheduled action sets an omitted size to zero, so it needs -1; actions of a group must not be created at once.

    https://github.com/TerraConstructs/base/issues/127
    """
    seen: dict[object, list[Resource]] = {}
    for action in each(app, "aws_autoscaling_schedule"):
        for size in ("min_size", "max_size", "desired_capacity"):
            if size not in action.properties:
                yield f"{action.path}: {size} is omitted, which means 0; use -1 to keep it"
        earlier = seen.setdefault(action.properties["autoscaling_group_name"], [])
        if earlier and earlier[-1].address not in action.properties.get("depends_on", []):
            yield f"{action.path}: created at the same time as {earlier[-1].path}, on one group"
        earlier.append(action)


def backlog(app: App) -> Iterator[str]:
    """Backlog per instance: only the quotient is returned, the queue's dimension is right, no division by zero.

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
        yield f"{rule.path}: returns {[metric['id'] for metric in returned]}, not only the quotient"
    elif "/ IF(" not in returned[0]["expression"]:
        yield f"{rule.path}: {returned[0]['expression']} divides by zero when the group is empty"
    for metric in metrics:
        source = metric.get("metric_stat", {}).get("metric", {})
        names = [dimension["name"] for dimension in source.get("dimensions", [])]
        if source.get("namespace") == "AWS/SQS" and names != ["QueueName"]:
            yield f"{rule.path}: dimensions are {names}, not QueueName"
    published = group.properties.get("enabled_metrics", []) if group else ["GroupInServiceInstances"]
    if "GroupInServiceInstances" not in published:
        yield f"{rule.path}: its group publishes no GroupInServiceInstances"
    if group and group.properties.get("metrics_granularity", "1Minute") != "1Minute":
        yield f"{rule.path}: its group publishes no metrics each minute"


def plain_http_to_objects(app: App) -> Iterator[str]:
    """A bucket policy that requires TLS must cover the bucket and its objects."""
    for bucket_policy in each(app, "aws_s3_bucket_policy"):
        for statement in json.loads(bucket_policy.properties["policy"])["Statement"]:
            if statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false":
                resources = set(_as_list(statement["Resource"]))
                buckets = {resource.removesuffix("/*") for resource in resources}
                if resources != buckets | {f"{bucket}/*" for bucket in buckets}:
                    yield f"{bucket_policy.path}: denies plain HTTP for {sorted(resources)} only"


def untagged_volumes(app: App) -> Iterator[str]:
    """A group does not tag volumes, so the launch template must tag instances and volumes.

    https://github.com/TerraConstructs/base/issues/125
    """
    for launch_template in each(app, TEMPLATE):
        tagged = {block["resource_type"] for block in launch_template.blocks("tag_specifications") if block.get("tags")}
        if not {"instance", "volume"} <= tagged:
            yield f"{launch_template.path}: tags {sorted(tagged) or 'nothing'}, not instance and volume"


def wedged_replacements(app: App) -> Iterator[str]:
    """Resources that are replaced while in use need a name prefix and ``create_before_destroy``.

    https://github.com/hashicorp/terraform-provider-aws/issues/1315
    """
    for resource in each(app, *PREFIXED):
        prefix = resource.properties.get("name_prefix", "")
        if not prefix or "name" in resource.properties:
            yield f"{resource.path}: a fixed name collides with its replacement's"
        elif len(prefix) > PREFIXED[resource.kind]:
            yield f"{resource.path}: prefix {prefix} is longer than {PREFIXED[resource.kind]}"
        if not (resource.properties.get("lifecycle") or {}).get("create_before_destroy"):
            yield f"{resource.path}: is destroyed before its replacement is created"


def ignored_protection(app: App) -> Iterator[str]:
    """With scale-in protection, a rollout must not skip protected instances."""
    functions = {f"${{{function.address}.function_name}}": function for function in each(app, "aws_lambda_function")}
    for group in each(app, GROUP):
        for call in _rollouts(app, group) if group.properties.get("protect_from_scale_in") else ():
            variables = functions[call.properties["function_name"]].blocks("environment")[0]["variables"]
            chosen = json.loads(variables["ROLLOUT"])["preferences"].get("ScaleInProtectedInstances", "Wait")
            if chosen not in ("Wait", "Refresh"):
                yield f"{group.path}: protected instances are skipped ({chosen})"


def secrets_in_state(app: App) -> Iterator[str]:
    """No resource puts a secret in the state."""
    generated = {"random_password", "tls_private_key", "aws_iam_access_key", "aws_key_pair"}
    for name, document in app.items():
        for resource in template.resources(document):
            arguments = {"password", "master_password", "secret_string", "secret_binary", "auth_token"} & {
                *resource.properties
            }
            if resource.kind in generated or arguments:
                yield f"{resource.path}: {resource.kind} puts {', '.join(sorted(arguments)) or 'a secret'} in the state"
            managed = resource.properties.get("manage_master_user_password") is True
            if resource.kind == "aws_db_instance" and not managed:
                yield f"{resource.path}: RDS does not manage the password"
        for kind in document.get("data", {}):
            if kind in ("aws_secretsmanager_secret_version", "aws_secretsmanager_random_password"):
                yield f"{name}: data {kind} puts a secret in the state"


def visible_cross_stack_outputs(app: App) -> Iterator[str]:
    """Cross-stack outputs must be sensitive, so that they are not printed."""
    for name, document in app.items():
        for output, properties in document.get("output", {}).items():
            if output.startswith("cross-stack-output-") and properties.get("sensitive") is not True:
                yield f"{name}: {output} is not sensitive"


def skipped_by_scanners(app: App) -> Iterator[str]:
    """checkov cannot parse a stack with ``required_version``, and reports no findings for it.

    https://github.com/bridgecrewio/checkov/issues/7454
    """
    for name, document in app.items():
        if "required_version" in document.get("terraform", {}):
            yield f"{name}: checkov skips stacks with required_version"


def unresolved_references(app: App) -> Iterator[str]:
    """No name, hash or script has an unresolved reference of the framework."""
    for name, document in app.items():
        for token in sorted(set(re.findall(r"TfToken\[\w+|Token\[\w+|#\{Token", json.dumps(document)))):
            yield f"{name}: {token} is unresolved"


def reset_capacity(app: App) -> Iterator[str]:
    """A deployment must not reset the number of instances that scaling chose.

    https://github.com/terraform-aws-modules/terraform-aws-autoscaling/pull/48
    """
    for group in each(app, GROUP):
        ignored = (group.properties.get("lifecycle") or {}).get("ignore_changes", [])
        if "desired_capacity" in group.properties and "desired_capacity" not in ignored:
            yield f"{group.path}: each deployment resets desired_capacity"


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
