"""Checks of credentials, region, quotas and permissions against the AWS emulator."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.stub import Stubber

from constructs_lib.governance import cost
from emulator import aws
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.doctor.account import CallerIdentity, check_credentials, check_plan, check_region
from operations.doctor.actions import ACTIONS, ALWAYS, OPERATIONS
from operations.doctor.findings import DoctorFinding, Level
from operations.doctor.permissions import check_permissions, required_actions
from operations.doctor.policy import PolicyScope
from operations.doctor.quotas import QUOTAS, additional_usage, check_quotas, group_names
from stacks.settings.model import Settings
from workspace.ports import free_port

Client = Callable[[str], Any]


@pytest.fixture
def client(aws_port: int) -> Client:
    # A region that no other test uses, because the tests count VPCs.
    return lambda service: aws.client(service, aws_port, region="eu-north-1")


@pytest.fixture
def strict(aws_port: int) -> Iterator[None]:
    """The AWS emulator checks signatures and policies during the test."""
    address = f"{aws.endpoint(aws_port)}/moto-api/reset-auth"
    before = requests.post(address, data=b"0", timeout=30).json()["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"]
    yield
    requests.post(address, data=str(before).encode(), timeout=30)


def test_valid_credentials_are_shown_with_their_account(client: Client) -> None:
    finding, caller = check_credentials(client)
    assert finding.level is Level.OK
    assert caller and caller.account == "123456789012" and caller.arn in finding.message


def test_rejected_credentials_are_a_problem(client: Client, strict: None) -> None:
    finding, caller = check_credentials(client)
    assert (finding.level, caller) == (Level.PROBLEM, None)
    assert finding.message == "AWS rejects them (InvalidClientTokenId)"
    assert finding.fix.startswith("Run aws configure or aws sso login")


def test_missing_credentials_are_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    finding, _ = check_credentials(lambda service: boto3.Session().client(service, region_name="us-east-1"))
    assert (finding.level, finding.message) == (Level.PROBLEM, "none found")


def test_unreachable_aws_is_a_problem() -> None:
    finding, _ = check_credentials(lambda service: aws.client(service, free_port()))
    assert finding.level is Level.PROBLEM
    assert "Could not connect to the endpoint URL" in finding.message and "AWS_ENDPOINT_URL" in finding.fix


def test_unknown_or_disabled_region_is_a_problem(client: Client) -> None:
    assert check_region(client, "us-east-1").level is Level.OK
    unknown = check_region(client, "mars-north-1")
    assert (unknown.level, unknown.message) == (Level.PROBLEM, "mars-north-1 does not exist")
    assert check_region(client, "me-south-1").message == "me-south-1 is not enabled"


def stack(**resources: dict[str, Any]) -> StackNode:
    return StackNode(name="network", folder=Path("/nowhere"), document={"resource": resources})


def test_exhausted_quota_is_a_problem_with_the_increase_command(client: Client) -> None:
    additional = additional_usage([stack(aws_vpc={"it": {}})], {"network": TerraformState()})
    ec2 = client("ec2")
    (finding,) = check_quotas(client, additional)
    assert (finding.level, finding.message) == (Level.OK, "VPCs: 1 of 5 in use (account limit), 1 more needed")
    vpcs = [ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"] for _ in range(4)]
    (finding,) = check_quotas(client, additional)
    for vpc in vpcs:
        ec2.delete_vpc(VpcId=vpc)
    assert (finding.level, finding.message) == (Level.PROBLEM, "VPCs: 5 of 5 in use (account limit), 1 more needed")
    assert finding.fix.endswith("--service-code vpc --quota-code L-F678F1CE --desired-value 6")


def test_deployed_resources_add_no_usage() -> None:
    deployed = TerraformState({}, (("aws_vpc", "it", {}),))
    assert set(additional_usage([stack(aws_vpc={"it": {}})], {"network": deployed}).values()) == {0}


CORES = "L-1216C47A"


def group_of(maximum: int, **properties: Any) -> StackNode:
    """A stack with a group of instances with two vCPUs each."""
    group = {"name": "anb-api", "max_size": maximum, **properties}
    return stack(aws_launch_template={"it": {"instance_type": "t3.small"}}, aws_autoscaling_group={"it": group})


def test_group_counts_the_vcpus_of_its_maximum_capacity() -> None:
    assert additional_usage([group_of(3)], {"network": TerraformState()})[CORES] == 6


def test_group_counts_the_instances_that_a_replacement_adds() -> None:
    group = group_of(3, instance_maintenance_policy={"min_healthy_percentage": 100, "max_healthy_percentage": 150})

    assert additional_usage([group], {"network": TerraformState()})[CORES] == 10, "five instances of two vCPUs"


def test_larger_group_counts_all_its_vcpus_and_not_its_running_ones(client: Client) -> None:
    deployed = TerraformState(
        {},
        (
            ("aws_launch_template", "it", {"instance_type": "t3.small"}),
            ("aws_autoscaling_group", "it", {"name": "anb-api", "max_size": 1}),
        ),
    )
    additional = additional_usage([group_of(2)], {"network": deployed})
    assert additional[CORES] == 4
    assert additional_usage([group_of(1)], {"network": deployed})[CORES] == 0

    ec2 = client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    tags = [{"Key": "aws:autoscaling:groupName", "Value": "anb-api"}]
    # Spot instances have a quota of their own.
    for options in (
        {"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]},
        {},
        {"InstanceMarketOptions": {"MarketType": "spot"}},
    ):
        ec2.run_instances(ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1, **options)
    (finding,) = check_quotas(client, additional, group_names([group_of(2)]))
    assert finding.message.startswith("vCPUs of standard instances: 2 of ")
    assert finding.message.endswith(
        "4 more needed: the maximum capacity, and half as much again while instances are replaced"
    )


def test_exceeded_default_quota_is_a_warning(client: Client) -> None:
    addresses = next(quota for quota in QUOTAS if quota.kind == "aws_eip")
    none = dict.fromkeys((quota.code for quota in QUOTAS), 0)
    (finding,) = check_quotas(client, {**none, addresses.code: 6})
    assert finding.level is Level.WARNING
    assert finding.message == (
        "Elastic IP addresses: 0 of 5 in use (AWS default; the account limit is not available), 6 more needed"
    )


@pytest.mark.parametrize("quota", QUOTAS, ids=lambda quota: quota.name)
def test_usage_of_each_quota_can_be_counted(client: Client, quota: Any) -> None:
    assert quota.used(client) >= 0


def test_every_deployable_type_has_actions() -> None:
    deployable = cost.PRICED.keys() | cost.USAGE_BASED.keys() | cost.FREE
    assert deployable - ACTIONS.keys() == set()


ROLE = "arn:aws:iam::123456789012:role/team/deployer"
SESSION = CallerIdentity("123456789012", "arn:aws:sts::123456789012:assumed-role/deployer/me")


SCOPE = PolicyScope(account="123456789012", settings=Settings())
SIMULATED: dict[str, tuple[list[str], list[dict[str, Any]]]] = {
    "ec2:CreateVpc": (["arn:aws:ec2:us-east-1:123456789012:vpc/sample"], []),
    "iam:PassRole": (
        ["arn:aws:iam::123456789012:role/anb-production-sample"],
        [
            {
                "ContextKeyName": "iam:PassedToService",
                "ContextKeyValues": ["ec2.amazonaws.com"],
                "ContextKeyType": "string",
            }
        ],
    ),
    "s3:CreateBucket": (["arn:aws:s3:::anb-production-sample"], []),
}
"""The resources and the context that each action is simulated with."""


def check_with(decisions: dict[str, str], actions: frozenset[str]) -> list[Any]:
    """Run the check against a stub of IAM, because the AWS emulator cannot simulate policies."""
    iam = boto3.client("iam", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    role = {"Path": "/team/", "RoleName": "deployer", "RoleId": "A" * 16, "Arn": ROLE, "CreateDate": "2026-01-01"}
    with Stubber(iam) as stub:
        stub.add_response("get_role", {"Role": role}, {"RoleName": "deployer"})
        for action in sorted(actions):
            result = {"EvalActionName": action, "EvalDecision": decisions.get(action, "allowed")}
            arns, context = SIMULATED[action]
            expected = {
                "PolicySourceArn": ROLE,
                "ActionNames": [action],
                "ResourceArns": arns,
                "ContextEntries": context,
            }
            stub.add_response("simulate_principal_policy", {"EvaluationResults": [result]}, expected)
        findings = check_permissions(iam, SESSION, actions, SCOPE)
        stub.assert_no_pending_responses()
    return findings


def check_plan_with(plan: str, error: str = "", **settings: object) -> DoctorFinding:
    """Run the check against stubs: the AWS emulator has no account plans, and no free instance types."""
    keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    freetier, ec2 = boto3.client("freetier", **keys), boto3.client("ec2", **keys)
    with Stubber(freetier) as plans, Stubber(ec2) as instances:
        if error:
            plans.add_client_error("get_account_plan_state", error)
        else:
            state = {"accountId": "123456789012", "accountPlanType": plan, "accountPlanStatus": "ACTIVE"}
            plans.add_response("get_account_plan_state", state)
        types = [{"InstanceType": "t3.small", "FreeTierEligible": True}, {"InstanceType": "t3.medium"}]
        instances.add_response("describe_instance_types", {"InstanceTypes": types})
        clients = {"freetier": freetier, "ec2": ec2}
        return check_plan(clients.__getitem__, Settings.model_validate(settings))


def test_free_plan_refuses_production() -> None:
    finding = check_plan_with("FREE", db_instance_class="db.t3.small", worker_instance_type="t3.medium")
    assert (finding.level, finding.message) == (
        Level.PROBLEM,
        (
            "AWS's free plan does not allow backup_retention_period 14 (at most 1), "
            "db_instance_class db.t3.small (only micro), worker_instance_type t3.medium"
        ),
    )
    assert "docs/deploy.md" in finding.fix


def test_free_plan_allows_development() -> None:
    finding = check_plan_with("FREE", profile="development")
    assert (finding.level, finding.message) == (Level.OK, "free, which allows these settings")


def test_paid_plan_allows_production() -> None:
    assert check_plan_with("PAID").level is Level.OK
    assert check_plan_with("", error="ResourceNotFoundException").message == "older than the free plan"


def test_unknown_plan_is_a_warning() -> None:
    finding = check_plan_with("", error="AccessDeniedException")
    assert (finding.level, finding.fix) == (Level.WARNING, "Grant freetier:GetAccountPlanState")


def test_missing_permissions_are_named() -> None:
    actions = frozenset(SIMULATED)
    (finding,) = check_with({"s3:CreateBucket": "implicitDeny"}, actions)
    assert finding.level is Level.PROBLEM
    assert finding.message == "1 of 3 are missing: s3:CreateBucket (implicitDeny)"
    assert finding.fix.startswith(f"Add them to the policies of {ROLE}; ./anb doctor --policy prints")
    (finding,) = check_with({}, actions)
    assert (finding.level, finding.message) == (Level.OK, f"all 3 that a deployment needs, simulated for {ROLE}")


def test_failed_simulation_is_a_warning(client: Client) -> None:
    caller = CallerIdentity("123456789012", "arn:aws:iam::123456789012:user/ana")
    (finding,) = check_permissions(client("iam"), caller, frozenset({"ec2:CreateVpc"}), SCOPE)
    assert finding.level is Level.WARNING
    assert finding.message.startswith("they cannot be simulated: ")


def test_root_user_is_a_warning(client: Client) -> None:
    root = CallerIdentity("123456789012", "arn:aws:iam::123456789012:root")
    (finding,) = check_permissions(client("iam"), root, frozenset(), SCOPE)
    assert (finding.level, finding.fix) == (Level.WARNING, "Use a role")


def test_required_actions_follow_from_the_resource_types() -> None:
    sqs = dataclasses.replace(stack(), document={"resource": {"aws_sqs_queue": {"it": {}}}})
    assert required_actions([sqs]) == ACTIONS["aws_sqs_queue"] | ALWAYS | OPERATIONS
