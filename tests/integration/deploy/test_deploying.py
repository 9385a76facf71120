"""Deployments with the real Terraform: name conflicts, interruptions, changes and data loss.

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
from tests import transcripts
from tests.known_drift import KNOWN_DRIFT, differences

FLOW_LOGS = "/vpc/anb-local/flow-logs"


def creation_started(operator: Operator, stack: str, address: str) -> bool:
    """Whether Terraform has started to create a resource."""
    for log in (operator.folder / "local").glob(f"endpoints/*/local/logs/{stack}.apply.jsonl"):
        return any('"apply_start"' in line and f'"addr":"{address}' in line for line in log.read_text().splitlines())
    return False


def test_first_plan_is_shown_and_can_be_declined(operator: Operator) -> None:
    declined = operator.deploy(typed="n\n")

    assert declined.returncode == 0, declined.stderr
    output = declined.stdout
    assert QUESTION in output
    assert "Cancelled: nothing more was applied." in output
    assert re.search(r"network +24 created: .*4 aws_subnet.*aws_vpc", output), output
    assert re.search(r"portal +\d+ created \(first deployment\): ", output), output
    assert re.search(r"Total: 100 created\.", output), output
    assert re.search(r"usage: \$\d+\.\d\d to \$\d+\.\d\d \(now \$0\.00, change \+\d+\.\d\d to \+", output), output
    assert operator.client("ec2").describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["false"]}])["Vpcs"] == []
    transcripts.check("docs/deploy.md", "deploy", "./anb deploy --target local", output)


def test_name_conflict_is_explained(operator: Operator) -> None:
    """The next tests continue the deployment without the conflict."""
    operator.client("logs").create_log_group(logGroupName=FLOW_LOGS)
    failed = operator.deploy(typed="y\n")

    assert failed.returncode == 1
    assert "Name conflict: network/network/flow-logs/group already exists" in failed.stderr
    assert "Run the command again to continue." in failed.stderr
    assert "Traceback" not in failed.stderr
    assert len(json.loads((operator.states / "network.tfstate").read_text())["resources"]) > 5
    operator.client("logs").delete_log_group(logGroupName=FLOW_LOGS)


def test_ctrl_c_stops_after_the_running_stacks(operator: Operator) -> None:
    code, output = operator.deploy_until(lambda output: "… network: 3 created" in output, press_ctrl_c)

    assert code == 1, output
    assert "Stopping after the running stacks finish. Press Ctrl-C again" in output
    assert "✓ network: 3 created" in output and "database:" not in output and "load-balancer:" not in output
    assert "Error: Interrupted. Finished resources are in the state. Run the command again" in output


def test_sigterm_stops_terraform_at_once(operator: Operator) -> None:
    def security_group_started(_output: str) -> bool:
        return creation_started(operator, "database", "aws_security_group.")

    code, output = operator.deploy_until(security_group_started, terminate)

    assert code == 1, output
    assert "network        no changes" in output
    assert "Stopping Terraform now." in output
    assert "Error: Interrupted. Finished resources are in the state" in output
    assert operator.client("rds").describe_db_instances()["DBInstances"] == []


def test_deployment_recovers_orphans_after_a_power_cut(operator: Operator) -> None:
    def database_exists(_output: str) -> bool:
        return bool(operator.client("rds").describe_db_instances()["DBInstances"])

    code, output = operator.deploy_until(database_exists, cut_the_power)
    assert code == -9, output
    assert "replaced" not in output, "canceled creations are untainted, not replaced"
    recorded = json.loads((operator.states / "database.tfstate").read_text())["resources"]
    types = [resource["type"] for resource in recorded]
    assert "aws_db_instance" not in types, "the process must be killed before Terraform records the database"

    again = operator.deploy(typed="y\n")

    assert again.returncode == 0, again.stdout + again.stderr
    recovered = r"✓ Recovering resources of an interrupted deployment .*database/postgres/instance"
    assert re.search(recovered, again.stdout), again.stdout
    assert "Deployed in" in again.stdout
    databases = operator.client("rds").describe_db_instances()["DBInstances"]
    assert [database["DBInstanceIdentifier"] for database in databases] == ["anb-local-postgres"]
    assert read_launch_templates(operator.client("ec2")).portal["DATABASE_HOST"] == databases[0]["Endpoint"]["Address"]


def test_summary_file_holds_no_secret(operator: Operator) -> None:
    text = (operator.folder / "deployment-info.txt").read_text()

    (balancer,) = operator.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert f"Application URL: http://{balancer['DNSName']}" in text
    assert "Database name: proyecto_1" in text and "Database user: postgres" in text
    manager = operator.client("secretsmanager")
    # After the power cut the AWS emulator creates a second secret for the same password.
    arns = [secret["ARN"] for secret in manager.list_secrets()["SecretList"]]
    secrets = {arn: manager.get_secret_value(SecretId=arn)["SecretString"] for arn in arns}
    listed = re.findall(r"get-secret-value --secret-id (\S+)", text)
    assert len(listed) == 2 and set(listed) <= secrets.keys()
    assert [arn for arn, secret in secrets.items() if secret in text] == []


def test_second_deployment_creates_and_destroys_nothing(operator: Operator) -> None:
    # The plan has some false changes, which tests/known_drift.py lists.
    again = operator.deploy(typed="n\n")

    assert again.returncode == 0, again.stderr
    for stack in ("network", "storage", "observability"):
        assert re.search(rf"{stack} +no changes", again.stdout), again.stdout
    assert re.search(r"Total: \d+ changed\.", again.stdout), again.stdout
    assert "(unchanged)" in again.stdout


@pytest.fixture(scope="module")
def second_plans(operator: Operator) -> dict[str, dict[str, Any]]:
    """Plans of the previous test, made right after the deployment."""
    return operator.plans()


def test_second_plan_shows_only_known_drift(second_plans: dict[str, dict[str, Any]]) -> None:
    found = differences(second_plans)

    assert set(second_plans) == set(transcripts.STACKS)
    assert found.unexpected == []
    unseen = {(drift.kind, drift.attribute) for drift in KNOWN_DRIFT} - found.seen
    assert unseen == set(), "the emulator no longer shows these: remove them from KNOWN_DRIFT"


@pytest.mark.asvs("13.3.1")
def test_no_plan_holds_a_secret(operator: Operator, second_plans: dict[str, dict[str, Any]]) -> None:
    manager, text = operator.client("secretsmanager"), json.dumps(second_plans)
    values = [
        manager.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        for secret in manager.list_secrets()["SecretList"]
    ]
    secrets = [json.loads(value)["password"] if value.startswith("{") else value for value in values]

    assert len(secrets) >= 2 and all(len(secret) >= 8 for secret in secrets)
    assert [secret for secret in secrets if secret in text] == []


def test_changes_are_shown_and_a_lost_database_needs_its_name(operator: Operator) -> None:
    operator.settings |= {
        "ANB_API_MAX_SIZE": "2",
        "ANB_DB_USERNAME": "other",
        "ANB_RELEASE_DIRECTORY": str(operator.folder / "release"),
    }
    operator.put_release("HEAD")
    changed = operator.deploy(typed="y\nanb-local-postgres\n")

    assert changed.returncode == 0, changed.stdout + changed.stderr
    assert "max_size: 3 -> 2" in changed.stdout
    assert re.search(r"created +storage/worker/dependencies/object +aws_s3_object", changed.stdout), changed.stdout
    assert re.search(r"now \$\S+ to \$\S+, change \+0\.00 to -\d+\.\d\d dollars", changed.stdout), changed.stdout
    assert "username: postgres -> other  (forces replacement)" in changed.stdout
    assert "Data loss: the database anb-local-postgres is replaced." in changed.stdout
    assert "Type anb-local-postgres to continue:" in changed.stdout
    (group,) = operator.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["anb-local-api-asg"])[
        "AutoScalingGroups"
    ]
    assert group["MaxSize"] == 2
    (database,) = operator.client("rds").describe_db_instances()["DBInstances"]
    assert database["MasterUsername"] == "other"


def test_locked_state_is_reported(operator: Operator, tmp_path: Path) -> None:
    state = operator.states / "queue.tfstate"
    info = {"ID": "11111111-2222-3333-4444-555555555555", "Who": "ana@desk", "Created": "2026-01-02T03:04:05Z"}
    (operator.states / ".queue.tfstate.lock.info").write_text(json.dumps(info))
    with state.open("r+b") as locked:
        fcntl.lockf(locked, fcntl.LOCK_EX)
        refused = operator.deploy(typed="y\n")

    assert refused.returncode == 1
    assert "State: queue is locked by ana@desk since 2026-01-02T03:04:05Z. Wait for the other" in refused.stderr
