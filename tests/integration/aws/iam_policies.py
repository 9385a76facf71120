"""The policy documents of synthesized stacks, with ARNs in place of references, checked with AWS's own reference.

The reference lists each service's actions, the resource types they take and their condition keys:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from constructs_lib.foundation import template
from operations.doctor.policy import overlap, reference

ACCOUNT = "123456789012"
_REMOTE = re.compile(r"\$\{data\.terraform_remote_state\.cross-stack-reference-input-([\w-]+)\.outputs\.([\w-]+)\}")
_REFERENCE = re.compile(r"\$\{((?:data\.)?[\w-]+)\.([\w-]+)((?:\.[\w-]+|\[\d+\])+)\}")
_SID = re.compile(r"[A-Za-z0-9]+")

_ARNS = {
    "aws_autoscaling_group": "arn:aws:autoscaling:REGION:ACCOUNT:autoScalingGroup:1:autoScalingGroupName/NAME",
    "aws_cloudwatch_log_group": "arn:aws:logs:REGION:ACCOUNT:log-group:NAME",
    "aws_db_instance": "arn:aws:rds:REGION:ACCOUNT:db:NAME",
    "aws_iam_role": "arn:aws:iam::ACCOUNT:role/NAME",
    "aws_kms_key": "arn:aws:kms:REGION:ACCOUNT:key/NAME",
    "aws_lambda_function": "arn:aws:lambda:REGION:ACCOUNT:function:NAME",
    "aws_launch_template": "arn:aws:ec2:REGION:ACCOUNT:launch-template/NAME",
    "aws_lb": "arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/1",
    "aws_s3_bucket": "arn:aws:s3:::NAME",
    "aws_secretsmanager_secret": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME",
    "aws_sns_topic": "arn:aws:sns:REGION:ACCOUNT:NAME",
    "aws_sqs_queue": "arn:aws:sqs:REGION:ACCOUNT:NAME",
}
"""ARN of each type of resource; NAME becomes the resource's name in Terraform."""

_ATTRIBUTES = {
    "data.aws_caller_identity.account_id": "ACCOUNT",
    "data.aws_partition.partition": "aws",
    "aws_db_instance.master_user_secret[0].secret_arn": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:rds!db-NAME",
}

_GLOBAL_KEYS = {
    "aws:PrincipalArn": "ARN",
    "aws:SecureTransport": "Bool",
    "aws:SourceAccount": "String",
    "aws:SourceArn": "ARN",
    "aws:SourceVpce": "String",
}
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""

_OPERATORS = {
    "ARN": ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"),
    "Bool": ("Bool", "Null"),
    "String": ("StringEquals", "StringLike", "StringNotEquals", "StringNotLike"),
}
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""

_OWN_RESOURCE = {
    "aws_kms_key": "kms",
    "aws_s3_bucket_policy": "s3",
    "aws_sns_topic_policy": "sns",
    "aws_sqs_queue_policy": "sqs",
    "aws_vpc_endpoint": "s3",
}
"""Service of the actions of a resource policy, by the type that holds it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PolicyDocument:
    """A policy document.

    Args:
        where: stack and Terraform address.
        kind: Terraform type that holds it.
        trusts: whether it says who may assume a role.
        document: the document, with ARNs in place of references.
    """

    where: str
    kind: str
    trusts: bool
    document: Mapping[str, Any]

    @property
    def statements(self) -> list[Mapping[str, Any]]:
        """The statements."""
        found: list[Mapping[str, Any]] = self.document["Statement"]
        return found


def policy_documents(stacks: template.Documents) -> Iterator[PolicyDocument]:
    """Yield every policy document in the properties of the stacks' resources."""
    for stack, content in stacks.items():
        for resource in template.resources(content):
            for name, value in resource.properties.items():
                if isinstance(value, str) and '"Statement"' in value:
                    yield PolicyDocument(
                        where=f"{stack} {resource.address}",
                        kind=resource.kind,
                        trusts=name == "assume_role_policy",
                        document=json.loads(resolve(value, stack, stacks)),
                    )


def resolve(text: str, stack: str, stacks: template.Documents) -> str:
    """Replace the references in a text by ARNs and account numbers.

    Raises:
        KeyError: the tables of this module lack the reference.
    """
    region = next(iter(stacks[stack]["provider"]["aws"]))["region"]

    def follow(match: re.Match[str]) -> str:
        value = str(stacks[match[1]]["output"][match[2]]["value"])
        return resolve(value, match[1], stacks)

    def replace(match: re.Match[str]) -> str:
        kind, name, attribute = match[1], match[2], match[3].removeprefix(".")
        known = _ATTRIBUTES.get(f"{kind}.{attribute}")
        if known is None and attribute in ("bucket", "id") and kind == "aws_s3_bucket":
            known = "NAME"
        form = _ARNS[kind] if known is None and attribute == "arn" else known
        if form is None:
            raise KeyError(f"{match[0]}: add it to the tables of {__name__}")
        return form.replace("NAME", name).replace("REGION", region).replace("ACCOUNT", ACCOUNT)

    return _REFERENCE.sub(replace, _REMOTE.sub(follow, text))


def as_list(value: str | list[str]) -> list[str]:
    """Return a value of a statement as a list."""
    return [value] if isinstance(value, str) else value


def findings(policy: PolicyDocument) -> Iterator[str]:
    """Yield what AWS would refuse or never match in a document, a sentence each."""
    if policy.document.get("Version") != "2012-10-17":
        yield f"{policy.where}: Version is {policy.document.get('Version')!r}; must be 2012-10-17"
    sids = [statement["Sid"] for statement in policy.statements if "Sid" in statement]
    yield from (f"{policy.where}: Sid {sid!r} is used twice" for sid in sorted({*sids}) if sids.count(sid) > 1)
    for statement in policy.statements:
        for problem in _statement_findings(policy, statement):
            yield f"{policy.where} {statement.get('Sid', '')}: {problem}"


def _statement_findings(policy: PolicyDocument, statement: Mapping[str, Any]) -> Iterator[str]:
    if "Sid" in statement and not _SID.fullmatch(statement["Sid"]):
        yield "the Sid has other characters than letters and digits"
    actions = [name for action in as_list(statement["Action"]) for name in expand(action)]
    unknown = [action for action in as_list(statement["Action"]) if not expand(action)]
    yield from (f"{action} is not an action of AWS" for action in unknown)
    if ("Principal" in statement) is (policy.kind == "aws_iam_role_policy"):
        yield "a resource policy needs a Principal, an identity's policy may have none"
    if policy.trusts:
        yield from (f"{action} is not an action of a trust policy" for action in actions if action != "sts:AssumeRole")
    else:
        yield from _resource_findings(policy, statement, actions)
    for operator, keys in statement.get("Condition", {}).items():
        for key in keys:
            yield from _condition_findings(operator, key, actions)


def _resource_findings(policy: PolicyDocument, statement: Mapping[str, Any], actions: list[str]) -> Iterator[str]:
    given, service = as_list(statement["Resource"]), _OWN_RESOURCE.get(policy.kind)
    if service:
        yield from (f"{action} is not for this resource" for action in actions if not action.startswith(f"{service}:"))
    wildcard = any("*" in action for action in as_list(statement["Action"]))
    matched: set[str] = set()
    for action in actions:
        forms = [_pattern(form) for form in resource_forms(action)]
        matching = {resource for resource in given if any(overlap(resource, form) for form in forms)}
        matched |= matching
        if not forms and "*" not in given and not wildcard:
            yield f'{action} takes no resource; must be allowed on "*"'
        if forms and not matching and not wildcard:
            yield f"{action} takes none of {given}; must be one of {', '.join(sorted({*forms}))}"
        # In a key's policy, "*" is the key itself.
        if forms and "*" in given and policy.kind != "aws_kms_key":
            yield f'{action} is allowed on "*"; must be limited to {", ".join(sorted({*forms}))}'
    without = any(not resource_forms(action) for action in actions)
    for resource in given:
        if resource not in matched and not (resource == "*" and without):
            yield f"no action takes {resource}"


def _condition_findings(operator: str, key: str, actions: list[str]) -> Iterator[str]:
    kind = _GLOBAL_KEYS.get(key)
    if kind is None:
        kinds = {_key_kind(key, action) for action in actions}
        if None in kinds:
            yield f"{key} is not a condition key of every action"
            return
        kind = kinds.pop()
    allowed = _OPERATORS.get("ARN" if kind == "Arn" else str(kind), ())
    if operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:").removesuffix("IfExists") not in allowed:
        yield f"{operator} does not compare {key}, which is {kind}; must be one of {', '.join(allowed)}"


def _key_kind(key: str, action: str) -> str | None:
    """Type of a condition key of an action; None if the action does not have it."""
    service, _, name = action.partition(":")
    types = reference()[service]["privileges"][name]["resource_types"].values()
    for known in {known for each in types for known in each["condition_keys"]}:
        if fnmatch.fnmatchcase(key, re.sub(r"\$\{\w+\}|<\w+>", "*", known)):
            kind: str = reference()[service]["conditions"][known]["type"]
            return kind
    return None


def expand(action: str) -> list[str]:
    """Return the actions that a pattern such as ``sqs:*`` names; none if AWS has no such action."""
    service, _, name = action.partition(":")
    known = reference().get(service, {}).get("privileges", {})
    return [f"{service}:{each}" for each in known if fnmatch.fnmatchcase(each, name)]


def resource_forms(action: str) -> list[str]:
    """Return the ARN formats of all resource types that an action takes."""
    service, _, name = action.partition(":")
    definition = reference()[service]
    kinds = [kind for kind in definition["privileges"][name]["resource_types"] if kind in definition["resources"]]
    return [definition["resources"][kind]["arn"] for kind in kinds]


def _pattern(form: str) -> str:
    return re.sub(r"\$\{\w+\}", "*", form)


def allows(document: PolicyDocument, action: str, resource: str) -> bool:
    """Whether a statement allows an action on a resource, conditions aside."""
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatch.fnmatchcase(action, pattern) for pattern in as_list(statement["Action"]))
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in as_list(statement["Resource"]))
        for statement in document.statements
    )
