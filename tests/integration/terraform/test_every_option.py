"""The example that uses every option is valid, and the part that the emulator supports is deployed.

Its state, with its lock, is in the emulator's S3. The tests share one deployment and run in this
order. After the destroy, the recorded calls of all its parts are compared with AWS's models and the deployer's policy.
"""

from __future__ import annotations

import json

import pytest
from emulator_gaps import EMULATOR_GAPS, EmulatorGap, addresses, unsupported_addresses
from every_option import Deployed
from uncalled import UNCALLED

from emulator.api_calls import violations
from emulator.iam_actions import required_actions
from operations.doctor.actions import ACTIONS, ALWAYS
from operations.doctor.policy import STATE_ACTIONS
from tests.known_drift import differences

_LOCK = {"ID": "0c1d", "Operation": "OperationTypeApply", "Who": "another@host", "Version": "1.11.4"}


def test_original_app_is_valid(every_option: Deployed) -> None:
    report = every_option.app.validate()

    assert report["diagnostics"] == []
    assert report["valid"] is True


@pytest.mark.parametrize("gap", EMULATOR_GAPS, ids=lambda gap: gap.prefix)
def test_emulator_gap_still_exists(every_option: Deployed, gap: EmulatorGap) -> None:
    assert [address for address in addresses(every_option.app.document) if address.startswith(gap.prefix)], (
        "the app no longer has such a resource: delete the entry"
    )
    assert gap.probe(every_option.app.client) == gap.answer, (
        f"left out because {gap.reason}; the answer has changed: try without this entry"
    )


def test_all_supported_resources_are_deployed(every_option: Deployed) -> None:
    deployed = {
        f"{'data.' if each['mode'] == 'data' else ''}{each['type']}.{each['name']}"
        for each in every_option.app.state()["resources"]
        if each["instances"]
    }

    document = every_option.app.document
    assert deployed == addresses(document) - unsupported_addresses(document)


def test_deployed_resources_have_the_configured_options(every_option: Deployed) -> None:
    client = every_option.app.client
    (database,) = client("rds").describe_db_instances()["DBInstances"]
    gateways = client("ec2").describe_nat_gateways()["NatGateways"]
    (balancer,) = client("elbv2").describe_load_balancers()["LoadBalancers"]
    listeners = client("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (certificate,) = client("acm").list_certificates()["CertificateSummaryList"]
    firewall = client("wafv2").get_web_acl_for_resource(ResourceArn=balancer["LoadBalancerArn"])["WebACL"]
    endpoints = client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    (zone,) = client("route53").list_hosted_zones()["HostedZones"]
    records = client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]

    assert (database["MultiAZ"], database["BackupRetentionPeriod"], database["DeletionProtection"]) == (True, 35, False)
    assert len({each["SubnetId"] for each in gateways}) == 3
    assert {each["ServiceName"].rpartition(".")[2] for each in endpoints if each["VpcEndpointType"] == "Interface"} == {
        *("sqs", "logs", "secretsmanager", "ssm", "ssmmessages", "monitoring")
    }
    (https,) = [each for each in listeners if each["Protocol"] == "HTTPS"]
    assert https["Certificates"][0]["CertificateArn"] == certificate["CertificateArn"]
    assert certificate["Status"] == "ISSUED"
    assert min(firewall["Rules"], key=lambda rule: rule["Priority"])["Name"] == "requests-per-address"
    (alias,) = [each for each in records if each["Type"] == "A"]
    assert alias["AliasTarget"]["DNSName"].rstrip(".") == balancer["DNSName"]


def test_state_is_only_in_the_bucket(every_option: Deployed) -> None:
    app = every_option.app
    stored = app.client("s3").head_object(Bucket=app.backend["bucket"], Key="shop/every-option.tfstate")
    settings = json.loads((app.supported / ".terraform/terraform.tfstate").read_text())

    assert (stored["ServerSideEncryption"], stored["VersionId"] != "null") == ("AES256", True)
    assert list(app.supported.glob("*.tfstate*")) == []
    assert (settings["backend"]["type"], "resources" in settings) == ("s3", False)


def test_apply_locks_and_unlocks_the_state(every_option: Deployed) -> None:
    app = every_option.app
    path = f"/{app.lock['Bucket']}/{app.lock['Key']}"
    requests = app.emulator_log.read_text(errors="replace").splitlines()

    assert [line for line in requests if f'"PUT {path}' in line and '" 200 ' in line]
    assert [line for line in requests if f'"DELETE {path}' in line and '" 204 ' in line]
    assert app.lock["Key"] not in app.objects()


def test_plan_fails_while_the_state_is_locked(every_option: Deployed) -> None:
    app = every_option.app
    app.client("s3").put_object(**app.lock, Body=json.dumps(_LOCK).encode())
    try:
        with pytest.raises(AssertionError, match="Error acquiring the state lock") as error:
            app.plan()
        assert app.lock["Key"] in app.objects(), "the lock is not removed"
    finally:
        app.client("s3").delete_object(**app.lock)

    assert "another@host" in str(error.value)


def test_second_plan_shows_only_known_drift(every_option: Deployed) -> None:
    assert differences({"every-option": every_option.second_plan}).unexpected == []


def test_changed_options_are_updated(every_option: Deployed) -> None:
    every_option.app.update()

    (database,) = every_option.app.client("rds").describe_db_instances()["DBInstances"]
    assert database["BackupRetentionPeriod"] == 30
    assert {"Key": "Team", "Value": "checkout"} in database["TagList"]


def test_destroy_leaves_only_the_state_bucket(every_option: Deployed) -> None:
    app = every_option.app
    app.client("s3").put_object(Bucket="every-photos-4f2a", Key="drafts/left-over.jpg", Body=b"photo")
    app.destroy()

    assert app.state()["resources"] == []
    remaining = {
        "buckets": [each["Name"] for each in app.client("s3").list_buckets()["Buckets"]],
        "queues": app.client("sqs").list_queues().get("QueueUrls", []),
        "templates": app.client("ec2").describe_launch_templates()["LaunchTemplates"],
        "gateways": [
            each for each in app.client("ec2").describe_nat_gateways()["NatGateways"] if each["State"] != "deleted"
        ],
        "endpoints": [
            each for each in app.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] if each["State"] != "deleted"
        ],
        "addresses": app.client("ec2").describe_addresses()["Addresses"],
        "networks": [each for each in app.client("ec2").describe_vpcs()["Vpcs"] if not each["IsDefault"]],
        "flow logs": app.client("ec2").describe_flow_logs()["FlowLogs"],
        "databases": app.client("rds").describe_db_instances()["DBInstances"],
        "balancers": app.client("elbv2").describe_load_balancers()["LoadBalancers"],
        "certificates": app.client("acm").list_certificates()["CertificateSummaryList"],
        "firewalls": app.client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"],
        "zones": app.client("route53").list_hosted_zones()["HostedZones"],
        "topics": app.client("sns").list_topics()["Topics"],
        "alarms": app.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "dashboards": app.client("cloudwatch").list_dashboards()["DashboardEntries"],
        "logs": app.client("logs").describe_log_groups()["logGroups"],
        "secrets": app.client("secretsmanager").list_secrets()["SecretList"],
        "roles": app.client("iam").list_roles()["Roles"],
        "key aliases": [
            each["AliasName"]
            for each in app.client("kms").list_aliases()["Aliases"]
            if not each["AliasName"].startswith("alias/aws/")
        ],
    }
    assert {kind: found for kind, found in remaining.items() if found} == {"buckets": [app.backend["bucket"]]}


def test_no_request_is_forbidden_by_the_service_models(every_option: Deployed) -> None:
    calls = every_option.app.calls()

    assert len(calls) > 1000
    assert {call.service for call in calls} >= {
        "acm",
        "autoscaling",
        "ec2",
        "elbv2",
        "iam",
        "rds",
        "s3",
        "sqs",
        "wafv2",
    }
    assert sorted({problem for call in calls for problem in violations(call)}) == []


def needed_actions(every_option: Deployed) -> set[str]:
    """The IAM actions that the recorded calls need, without those on the state."""
    app = every_option.app
    needed: set[str] = set()
    for call in app.calls():
        actions = required_actions(call)
        if call.members.get("Bucket") == app.backend["bucket"]:
            assert actions <= STATE_ACTIONS
        else:
            needed |= actions
    return needed


def test_every_call_is_in_the_deployers_policy(every_option: Deployed) -> None:
    kinds = every_option.app.document["resource"].keys()

    assert sorted(kinds - ACTIONS.keys()) == []
    assert sorted(needed_actions(every_option) - ALWAYS.union(*(ACTIONS[kind] for kind in kinds))) == []


def test_deployers_policy_has_no_action_without_a_call(every_option: Deployed) -> None:
    listed = ALWAYS.union(*(ACTIONS[kind] for kind in every_option.app.document["resource"]))

    uncalled = listed - needed_actions(every_option)
    assert sorted(uncalled - UNCALLED.keys()) == []
    assert sorted(UNCALLED.keys() - uncalled) == [], "these are called: remove the entries"
