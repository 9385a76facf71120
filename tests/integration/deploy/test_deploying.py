"""The operator's day with the real Terraform: names taken, interruptions, changes, and a plan that loses data.

The tests share one deployment and run in this order.
"""

from __future__ import annotations

import fcntl
import json
import re
from pathlib import Path
from typing import Any

import pytest
from operator_shell import QUESTION, Operator, cut_the_power, press_ctrl_c, terminate

from operations.local.deployment import read_launch_templates
from tests import recorded
from tests.false_differences import LISTED, differences

FLOW_LOGS = "/vpc/anb-local/flow-logs"


def begun(operator: Operator, stack: str, address: str) -> bool:
    """Whether Terraform has begun to make a resource."""
    for log in (operator.folder / "local").glob(f"endpoints/*/local/logs/{stack}.apply.jsonl"):
        return any('"apply_start"' in line and f'"addr":"{address}' in line for line in log.read_text().splitlines())
    return False


def test_a_first_deployment_is_shown_and_can_be_declined(operator: Operator) -> None:
    declined = operator.deploy(typed="n\n")

    assert declined.returncode == 0, declined.stderr
    said = declined.stdout
    assert QUESTION in said
    assert "Cancelled: nothing more was applied." in said
    assert re.search(r"network +24 created: .*4 aws_subnet.*aws_vpc", said), said
    assert re.search(r"portal +\d+ created, for it was never applied: ", said), said
    assert re.search(r"In all: 99 created\.", said), said
    assert re.search(r"costs \$\d+\.\d\d to \$\d+\.\d\d; now it is \$0\.00, so \+\d+\.\d\d to \+", said), said
    assert operator.client("ec2").describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["false"]}])["Vpcs"] == []
    recorded.check("docs/deploy.md", "deploy", "./anb deploy --target local", said)


def test_a_name_that_is_taken_is_named_and_the_deployment_goes_on_when_it_is_free(operator: Operator) -> None:
    operator.client("logs").create_log_group(logGroupName=FLOW_LOGS)
    taken = operator.deploy(typed="y\n")

    assert taken.returncode == 1
    assert "A name is taken: network/network/flow-logs/group is there already" in taken.stderr
    assert "run the command again, and it goes on from there" in taken.stderr
    assert "Traceback" not in taken.stderr
    assert len(json.loads((operator.states / "network.tfstate").read_text())["resources"]) > 5
    operator.client("logs").delete_log_group(logGroupName=FLOW_LOGS)


def test_ctrl_c_ends_it_after_the_stacks_under_way(operator: Operator) -> None:
    code, said = operator.deploy_until(lambda said: "… network: 3 created" in said, press_ctrl_c)

    assert code == 1, said
    assert "Stopping when the stacks under way are done. Ctrl-C once more" in said
    assert "✓ network: 3 created" in said and "database:" not in said and "load-balancer:" not in said
    assert "Error: Interrupted. What was made is in the state: run the command again" in said


def test_told_to_stop_at_once_terraform_gives_up_what_it_waits_for(operator: Operator) -> None:
    code, said = operator.deploy_until(lambda _said: begun(operator, "database", "aws_security_group."), terminate)

    assert code == 1, said
    assert "network        nothing changes" in said
    assert "Stopping Terraform in the middle of its work." in said
    assert "Error: Interrupted. What was made is in the state" in said
    assert operator.client("rds").describe_db_instances()["DBInstances"] == []


def test_after_a_power_cut_the_next_deployment_takes_over_what_was_begun(operator: Operator) -> None:
    def database_is_begun(_said: str) -> bool:
        return bool(operator.client("rds").describe_db_instances()["DBInstances"])

    code, said = operator.deploy_until(database_is_begun, cut_the_power)
    assert code == -9, said
    assert "replaced" not in said, "what was given up is taken over and not made again"
    known = json.loads((operator.states / "database.tfstate").read_text())["resources"]
    assert "aws_db_instance" not in [each["type"] for each in known], "it was to be killed before Terraform wrote"

    again = operator.deploy(typed="y\n")

    assert again.returncode == 0, again.stdout + again.stderr
    assert re.search(r"✓ Taking over what a deployment that was cut off .*database/postgres/instance", again.stdout)
    assert "Deployed in" in again.stdout
    databases = operator.client("rds").describe_db_instances()["DBInstances"]
    assert [each["DBInstanceIdentifier"] for each in databases] == ["anb-local-postgres"]
    assert read_launch_templates(operator.client("ec2")).portal["DATABASE_HOST"] == databases[0]["Endpoint"]["Address"]


def test_what_is_deployed_is_told_without_a_secret(operator: Operator) -> None:
    text = (operator.folder / "deployment-info.txt").read_text()

    (balancer,) = operator.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert f"Application URL: http://{balancer['DNSName']}" in text
    assert "Database name: proyecto_1" in text and "Database user: postgres" in text
    manager = operator.client("secretsmanager")
    # Told a second time to keep the password, after the power cut, the embedded AWS makes a second secret.
    held = {
        each["ARN"]: manager.get_secret_value(SecretId=each["ARN"]) for each in manager.list_secrets()["SecretList"]
    }
    named = re.findall(r"get-secret-value --secret-id (\S+)", text)
    assert len(named) == 2 and set(named) <= held.keys()
    assert [arn for arn, secret in held.items() if secret["SecretString"] in text] == []


def test_deployed_again_nothing_is_made_or_lost(operator: Operator) -> None:
    # What the embedded AWS forgets is shown as changed; tests/false_differences.py has the list.
    again = operator.deploy(typed="n\n")

    assert again.returncode == 0, again.stderr
    for stack in ("network", "storage", "observability"):
        assert re.search(rf"{stack} +nothing changes", again.stdout), again.stdout
    assert re.search(r"In all: \d+ changed\.", again.stdout), again.stdout
    assert "as it does now" in again.stdout


@pytest.fixture(scope="module")
def second_plans(operator: Operator) -> dict[str, dict[str, Any]]:
    """What Terraform would change right after the deployment, as the test before planned it."""
    return operator.plans()


def test_planned_again_only_what_the_emulator_forgets_changes(second_plans: dict[str, dict[str, Any]]) -> None:
    found = differences(second_plans)

    assert set(second_plans) == set(recorded.STACKS)
    assert found.unexpected == []
    unseen = {(each.kind, each.attribute) for each in LISTED} - found.seen
    assert unseen == set(), "listed, but the emulator no longer shows it: remove it from the list"


@pytest.mark.asvs("13.3.1")
def test_no_plan_holds_a_secret(operator: Operator, second_plans: dict[str, dict[str, Any]]) -> None:
    manager, text = operator.client("secretsmanager"), json.dumps(second_plans)
    values = [
        manager.get_secret_value(SecretId=each["ARN"])["SecretString"] for each in manager.list_secrets()["SecretList"]
    ]
    secrets = [json.loads(value)["password"] if value.startswith("{") else value for value in values]

    assert len(secrets) >= 2 and all(len(secret) >= 8 for secret in secrets)
    assert [secret for secret in secrets if secret in text] == []


def test_changes_are_shown_and_a_lost_database_needs_its_name(operator: Operator) -> None:
    operator.settings |= {
        "ANB_API_MAX_SIZE": "2",
        "ANB_DB_USERNAME": "somebody",
        "ANB_RELEASE_DIRECTORY": str(operator.folder / "release"),
    }
    operator.put_release("HEAD")
    changed = operator.deploy(typed="y\nanb-local-postgres\n")

    assert changed.returncode == 0, changed.stdout + changed.stderr
    assert "max_size: 3 -> 2" in changed.stdout
    assert re.search(r"created +storage/worker/dependencies/object +aws_s3_object", changed.stdout), changed.stdout
    assert re.search(r"now it is \$\S+ to \$\S+, so \+0\.00 to -\d+\.\d\d dollars", changed.stdout), changed.stdout
    assert "username: postgres -> somebody  (cannot be changed, so it is replaced)" in changed.stdout
    assert "What the database anb-local-postgres holds is lost: it is replaced." in changed.stdout
    assert "Type anb-local-postgres to go on:" in changed.stdout
    (group,) = operator.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["anb-local-api-asg"])[
        "AutoScalingGroups"
    ]
    assert group["MaxSize"] == 2
    (database,) = operator.client("rds").describe_db_instances()["DBInstances"]
    assert database["MasterUsername"] == "somebody"


def test_a_state_that_is_held_is_not_waited_for_in_silence(operator: Operator, tmp_path: Path) -> None:
    state = operator.states / "queue.tfstate"
    info = {"ID": "11111111-2222-3333-4444-555555555555", "Who": "ana@desk", "Created": "2026-01-02T03:04:05Z"}
    (operator.states / ".queue.tfstate.lock.info").write_text(json.dumps(info))
    with state.open("r+b") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        refused = operator.deploy(typed="y\n")

    assert refused.returncode == 1
    assert "State: queue is locked by ana@desk since 2026-01-02T03:04:05Z. Wait for the other" in refused.stderr
