"""The example that uses every option: valid as a whole, and deployed but for what the emulator cannot hold.

Its state is in S3, in the emulator, with S3's own lock. The tests share one deployment and run in this order; the
last one takes it down.
"""

from __future__ import annotations

import json

import pytest
from emulator_gaps import UNHELD, Unheld, addresses, left_out
from every_option import Deployed

from tests.known_drift import differences

_LOCK = {"ID": "0c1d", "Operation": "OperationTypeApply", "Who": "somebody@elsewhere", "Version": "1.11.4"}


def test_the_whole_app_is_valid(every_option: Deployed) -> None:
    said = every_option.app.validate()

    assert said["diagnostics"] == []
    assert said["valid"] is True


@pytest.mark.parametrize("each", UNHELD, ids=lambda each: each.addresses)
def test_what_is_left_out_is_still_beyond_the_emulator(every_option: Deployed, each: Unheld) -> None:
    assert [address for address in addresses(every_option.app.document) if address.startswith(each.addresses)], (
        "the app no longer has it: remove it from the list"
    )
    assert each.ask(every_option.app.client) == each.answer, (
        f"left out because {each.reason}; now it answers otherwise: try it without this row"
    )


def test_all_the_rest_stands(every_option: Deployed) -> None:
    stand = {
        f"{'data.' if each['mode'] == 'data' else ''}{each['type']}.{each['name']}"
        for each in every_option.app.state()["resources"]
        if each["instances"]
    }

    assert stand == addresses(every_option.app.document) - left_out(every_option.app.document)


def test_what_was_asked_for_is_what_stands(every_option: Deployed) -> None:
    client = every_option.app.client
    (database,) = client("rds").describe_db_instances()["DBInstances"]
    gateways = client("ec2").describe_nat_gateways()["NatGateways"]
    (balancer,) = client("elbv2").describe_load_balancers()["LoadBalancers"]
    listeners = client("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (certificate,) = client("acm").list_certificates()["CertificateSummaryList"]
    guard = client("wafv2").get_web_acl_for_resource(ResourceArn=balancer["LoadBalancerArn"])["WebACL"]
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
    assert min(guard["Rules"], key=lambda rule: rule["Priority"])["Name"] == "requests-per-address"
    (alias,) = [each for each in records if each["Type"] == "A"]
    assert alias["AliasTarget"]["DNSName"].rstrip(".") == balancer["DNSName"]


def test_the_state_is_in_the_bucket_and_nowhere_else(every_option: Deployed) -> None:
    app = every_option.app
    kept = app.client("s3").head_object(Bucket=app.backend["bucket"], Key="shop/every-option.tfstate")
    settings = json.loads((app.held / ".terraform/terraform.tfstate").read_text())

    assert (kept["ServerSideEncryption"], kept["VersionId"] != "null") == ("AES256", True)
    assert list(app.held.glob("*.tfstate*")) == []
    assert (settings["backend"]["type"], "resources" in settings) == ("s3", False)


def test_applying_locked_the_state_with_an_object_and_let_it_go(every_option: Deployed) -> None:
    app = every_option.app
    path = f"/{app.lock['Bucket']}/{app.lock['Key']}"
    requests = app.emulator_log.read_text(errors="replace").splitlines()

    assert [line for line in requests if f'"PUT {path}' in line and '" 200 ' in line]
    assert [line for line in requests if f'"DELETE {path}' in line and '" 204 ' in line]
    assert app.lock["Key"] not in app.objects()


def test_while_somebody_holds_the_lock_nobody_else_plans(every_option: Deployed) -> None:
    app = every_option.app
    app.client("s3").put_object(**app.lock, Body=json.dumps(_LOCK).encode())
    try:
        with pytest.raises(AssertionError, match="Error acquiring the state lock") as refusal:
            app.plan()
        assert app.lock["Key"] in app.objects(), "it is not taken from who holds it"
    finally:
        app.client("s3").delete_object(**app.lock)

    assert "somebody@elsewhere" in str(refusal.value)


def test_planned_again_nothing_changes_but_what_the_emulator_forgets(every_option: Deployed) -> None:
    assert differences({"every-option": every_option.second_plan}).unexpected == []


def test_destroying_leaves_nothing(every_option: Deployed) -> None:
    app = every_option.app
    app.client("s3").put_object(Bucket="every-photos-4f2a", Key="drafts/left-over.jpg", Body=b"photo")
    app.destroy()

    assert app.state()["resources"] == []
    left = {
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
    assert {kind: found for kind, found in left.items() if found} == {"buckets": [app.backend["bucket"]]}
