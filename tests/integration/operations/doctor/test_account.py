"""Credentials, region, quotas and permissions, asked of the embedded AWS."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
import requests
from botocore.stub import Stubber

from constructs_lib.governance import cost
from emulator import aws
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.doctor.account import CallerIdentity, credentials, region
from operations.doctor.actions import ACTIONS, ALWAYS
from operations.doctor.findings import Level
from operations.doctor.permissions import permissions, sample_resources, wanted
from operations.doctor.quotas import QUOTAS, needed, quotas
from workspace.ports import free_port

NO_OPERATION = {"elasticloadbalancing:SetWebACL", "iam:PassRole", "logs:CreateLogDelivery"}
"""Permissions that are asked for although nothing is called by their name."""

Client = Callable[[str], Any]


@pytest.fixture
def client(aws_port: int) -> Client:
    # A region of this file's own: its quotas and VPCs are nobody else's.
    return lambda service: aws.client(service, aws_port, region="eu-north-1")


@pytest.fixture
def strict(aws_port: int) -> Iterator[None]:
    """The embedded AWS looks at signatures and policies while the test runs."""
    address = f"{aws.endpoint(aws_port)}/moto-api/reset-auth"
    before = requests.post(address, data=b"0", timeout=30).json()["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"]
    yield
    requests.post(address, data=str(before).encode(), timeout=30)


def test_credentials_that_aws_takes_are_told_with_their_account(client: Client) -> None:
    finding, caller = credentials(client)
    assert finding.level is Level.OK
    assert caller and caller.account == "123456789012" and caller.arn in finding.says


def test_credentials_that_aws_refuses_are_a_problem(client: Client, strict: None) -> None:
    finding, caller = credentials(client)
    assert (finding.level, caller) == (Level.PROBLEM, None)
    assert finding.says == "AWS refuses them (InvalidClientTokenId)"
    assert finding.mend.startswith("Run aws configure or aws sso login")


def test_no_credentials_are_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    finding, _ = credentials(lambda service: boto3.Session().client(service, region_name="us-east-1"))
    assert (finding.level, finding.says) == (Level.PROBLEM, "there are none")


def test_an_aws_that_does_not_answer_is_a_problem() -> None:
    finding, _ = credentials(lambda service: aws.client(service, free_port()))
    assert finding.level is Level.PROBLEM
    assert "Could not connect to the endpoint URL" in finding.says and "AWS_ENDPOINT_URL" in finding.mend


def test_a_region_that_is_not_there_or_not_enabled_is_a_problem(client: Client) -> None:
    assert region(client, "us-east-1").level is Level.OK
    unknown = region(client, "mars-north-1")
    assert (unknown.level, unknown.says) == (Level.PROBLEM, "AWS has no mars-north-1")
    assert region(client, "me-south-1").says == "me-south-1 is not enabled"


def stack(**resources: dict[str, Any]) -> StackNode:
    return StackNode(name="network", folder=Path("/nowhere"), document={"resource": resources})


def test_a_quota_without_room_is_a_problem_with_the_command_that_asks_for_more(client: Client) -> None:
    more = needed([stack(aws_vpc={"it": {}})], {"network": TerraformState()})
    ec2 = client("ec2")
    (found,) = quotas(client, more)
    assert (found.level, found.says) == (Level.OK, "VPCs: 1 of 5 (the account's), and 1 more")
    made = [ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"] for _ in range(4)]
    (found,) = quotas(client, more)
    for vpc in made:
        ec2.delete_vpc(VpcId=vpc)
    assert (found.level, found.says) == (Level.PROBLEM, "VPCs: 5 of 5 (the account's), and 1 more")
    assert found.mend.endswith("--service-code vpc --quota-code L-F678F1CE --desired-value 6")


def test_what_stands_already_needs_no_room() -> None:
    standing = TerraformState({}, (("aws_vpc", "it", {}),))
    assert set(needed([stack(aws_vpc={"it": {}})], {"network": standing}).values()) == {0}


def test_a_group_may_take_the_cpus_of_its_most_instances() -> None:
    group = stack(
        aws_launch_template={"it": {"instance_type": "t3.small"}}, aws_autoscaling_group={"it": {"max_size": 3}}
    )
    assert needed([group], {"network": TerraformState()})["L-1216C47A"] == 6


def test_where_the_quota_cannot_be_asked_aws_standard_is_a_warning(client: Client) -> None:
    addresses = next(quota for quota in QUOTAS if quota.kind == "aws_eip")
    none = dict.fromkeys((quota.code for quota in QUOTAS), 0)
    (found,) = quotas(client, {**none, addresses.code: 6})
    assert found.level is Level.WARNING
    assert found.says == "elastic addresses: 0 of 5 (AWS's standard, the account's could not be asked), and 6 more"


@pytest.mark.parametrize("quota", QUOTAS, ids=lambda quota: quota.name)
def test_each_quota_can_be_counted(client: Client, quota: Any) -> None:
    assert quota.used(client) >= 0


def test_every_type_that_can_be_deployed_has_its_actions() -> None:
    known = cost.PRICED.keys() | cost.USAGE_BASED.keys() | cost.FREE
    assert known - ACTIONS.keys() == set()


def test_every_action_is_one_of_aws() -> None:
    session = botocore.session.get_session()
    unknown = set()
    for action in ALWAYS.union(*ACTIONS.values()):
        service, _, operation = action.partition(":")
        # S3's permissions have names of their own.
        if service != "s3":
            model = session.get_service_model("elbv2" if service == "elasticloadbalancing" else service)
            unknown |= {action} - {f"{service}:{name}" for name in model.operation_names}
    assert unknown == NO_OPERATION


ROLE = "arn:aws:iam::123456789012:role/team/deployer"
SESSION = CallerIdentity("123456789012", "arn:aws:sts::123456789012:assumed-role/deployer/me")


def simulated(decisions: dict[str, str], actions: frozenset[str]) -> list[Any]:
    """What permissions() finds where IAM answers so. The embedded AWS cannot simulate, so its model is held to."""
    iam = boto3.client("iam", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    role = {"Path": "/team/", "RoleName": "deployer", "RoleId": "A" * 16, "Arn": ROLE, "CreateDate": "2026-01-01"}
    with Stubber(iam) as stub:
        stub.add_response("get_role", {"Role": role}, {"RoleName": "deployer"})
        for service in sorted({action.partition(":")[0] for action in actions}):
            named = sorted(action for action in actions if action.startswith(f"{service}:"))
            resource = sample_resources("123456789012", "us-east-1", "anb").get(service, "*")
            results = [{"EvalActionName": action, "EvalDecision": decisions.get(action, "allowed")} for action in named]
            expected = {"PolicySourceArn": ROLE, "ActionNames": named, "ResourceArns": [resource]}
            stub.add_response("simulate_principal_policy", {"EvaluationResults": results}, expected)
        found = permissions(iam, SESSION, actions, sample_resources("123456789012", "us-east-1", "anb"))
        stub.assert_no_pending_responses()
    return found


def test_missing_permissions_are_named() -> None:
    actions = frozenset({"ec2:CreateVpc", "s3:CreateBucket"})
    (found,) = simulated({"s3:CreateBucket": "implicitDeny"}, actions)
    assert found.level is Level.PROBLEM
    assert found.says == "1 of 2 are missing: s3:CreateBucket (implicitDeny)"
    assert found.mend == f"Add them to the policies of {ROLE}"
    (found,) = simulated({}, actions)
    assert (found.level, found.says) == (Level.OK, f"all 2 that Terraform needs, simulated for {ROLE}")


def test_where_nothing_can_be_simulated_it_is_a_warning(client: Client) -> None:
    caller = CallerIdentity("123456789012", "arn:aws:iam::123456789012:user/ana")
    (found,) = permissions(client("iam"), caller, frozenset({"ec2:CreateVpc"}), {})
    assert found.level is Level.WARNING
    assert found.says.startswith("they cannot be simulated: ")


def test_root_may_do_everything_and_should_not_be_used(client: Client) -> None:
    root = CallerIdentity("123456789012", "arn:aws:iam::123456789012:root")
    (found,) = permissions(client("iam"), root, frozenset(), {})
    assert (found.level, found.mend) == (Level.WARNING, "Use a role instead")


def test_what_is_needed_follows_from_what_is_deployed() -> None:
    sqs = dataclasses.replace(stack(), document={"resource": {"aws_sqs_queue": {"it": {}}}})
    assert wanted([sqs]) == ACTIONS["aws_sqs_queue"] | ALWAYS
