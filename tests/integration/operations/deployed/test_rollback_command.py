"""`anb rollback`: choice of the release, and errors if there is none."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import boto3
import click.testing
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from emulator import aws
from operations.__main__ import anb
from operations.deploy.states import TerraformState
from operations.deploy.target import Target
from operations.deployed import deployed_state
from operations.deployed.deployed_state import DeployedStacks
from operations.deployed.releases import DeployedRelease, list_releases
from operations.deployed.rollback import choose_release, roll_back_refresh
from workspace.errors import UserError

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def release(sha256: str, commit: str, version: str = "0.1.0") -> DeployedRelease:
    return DeployedRelease(deployed=WHEN, sha256=sha256, version=version, commit=commit)


CURRENT, PREVIOUS, OLD = release("c", "c0ffee1"), release("b", "beef123"), release("a", "abba456", "0.0.9")


def test_releases_are_read_from_the_manifest_versions(aws_port: int) -> None:
    s3, bucket, key = aws.client("s3", aws_port), f"it-{uuid.uuid4().hex}", "releases/portal/release.json"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for sha256, about in (("a", {}), ("b", {"version": "0.1.0", "commit": "beef123"})):
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps({"sha256": sha256, "about": about, "parts": {}}))
    s3.put_object(Bucket=bucket, Key=f"{key}.other", Body=b"no release")

    newest, oldest = list_releases(s3, bucket, "portal")
    assert (newest.sha256, newest.version, newest.commit) == ("b", "0.1.0", "beef123")
    assert (oldest.sha256, oldest.rebuildable, str(oldest)) == ("a", False, "the sources a")
    assert list_releases(s3, bucket, "worker") == []


@pytest.mark.parametrize(
    ("to", "chosen"), [(None, PREVIOUS), ("beef", PREVIOUS), ("abba456", OLD), ("0.0.9", OLD), ("0.1.0", PREVIOUS)]
)
def test_previous_or_named_release_is_chosen(to: str | None, chosen: DeployedRelease) -> None:
    assert choose_release([CURRENT, PREVIOUS, OLD], to) == chosen


def test_commit_is_shortened_to_12_digits() -> None:
    assert str(release("a", "c0ffee" * 6 + "c0ff")) == "0.1.0 of commit c0ffeec0ffee"
    assert str(release("a", "c0ffee" * 6 + "c0ff-modified")) == "0.1.0 of commit c0ffeec0ffee-modified"


def test_release_deployed_twice_is_not_the_previous_one() -> None:
    assert choose_release([CURRENT, CURRENT, PREVIOUS], None) == PREVIOUS


@pytest.mark.parametrize(
    ("releases", "to", "message"),
    [
        ([], None, "No release was deployed, so there is none to roll back to."),
        ([CURRENT], None, "There is no earlier release: the bucket holds only 0.1.0 of commit c0ffee1."),
        ([CURRENT, PREVIOUS], "c0ff", "0.1.0 of commit c0ffee1 is the current release."),
        ([CURRENT, PREVIOUS], "dead", "--to is 'dead'; must be one of the releases above."),
        ([CURRENT, PREVIOUS], "", "--to is ''; must be one of the releases above."),
        ([CURRENT, release("b", "beef-modified")], None, "0.1.0 of commit beef-modified cannot be built again because"),
        ([CURRENT, release("b", "unknown")], None, "not built from a clean commit. Choose another release with --to."),
        ([CURRENT, release("b", "", "")], None, "the sources b cannot be built again because it was not built from"),
    ],
)
def test_impossible_choice_is_explained(releases: list[DeployedRelease], to: str | None, message: str) -> None:
    with pytest.raises(UserError) as caught:
        choose_release(releases, to)
    assert message in caught.value.message


@pytest.fixture
def autoscaling() -> boto3.client:
    return boto3.client("autoscaling", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_active_refresh_is_rolled_back(autoscaling: boto3.client) -> None:
    with Stubber(autoscaling) as stub:
        stub.add_response(
            "rollback_instance_refresh", {"InstanceRefreshId": "it"}, {"AutoScalingGroupName": "anb-api-asg"}
        )
        assert roll_back_refresh(autoscaling, "anb-api-asg")
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["ActiveInstanceRefreshNotFound", "IrreversibleInstanceRefresh"])
def test_without_an_active_refresh_nothing_is_rolled_back(autoscaling: boto3.client, code: str) -> None:
    with Stubber(autoscaling) as stub:
        stub.add_client_error("rollback_instance_refresh", code)
        assert not roll_back_refresh(autoscaling, "anb-api-asg")


def test_other_refresh_errors_are_raised(autoscaling: boto3.client) -> None:
    with Stubber(autoscaling) as stub:
        stub.add_client_error("rollback_instance_refresh", "AccessDenied")
        with pytest.raises(ClientError):
            roll_back_refresh(autoscaling, "anb-api-asg")


@pytest.fixture
def deployed(target: Target, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket with two deployed releases."""
    monkeypatch.setenv("ANB_RELEASE_DIRECTORY", "releases")
    s3, bucket, key = target.client("s3"), f"it-{uuid.uuid4().hex}", "releases/portal/release.json"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for old in (PREVIOUS, CURRENT):
        about = {"version": old.version, "commit": old.commit}
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps({"sha256": old.sha256, "about": about, "parts": {}}))
    set_outputs(monkeypatch, {"s3_bucket_name": bucket})
    return bucket


def set_outputs(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, str]) -> None:
    monkeypatch.setattr(deployed_state, "read", lambda *_: DeployedStacks([], {"storage": TerraformState(outputs)}))


def run(*arguments: str, typed: str = "") -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["rollback", "--target", "local", *arguments], input=typed)


def test_releases_are_listed_and_n_cancels(deployed: str) -> None:
    declined = run(typed="n\n")
    assert declined.exit_code == 0, declined.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in declined.output.splitlines() if "│" in line]
    assert [row[1:] for row in rows] == [["0.1.0", "c0ffee1", "now"], ["0.1.0", "beef123", ""]]
    assert "¿Deseas volver a 0.1.0 of commit beef123? (y/n): n" in declined.output
    assert "Cancelled: nothing more was applied." in declined.output


def test_unknown_commit_ends_the_rollback_before_any_change(deployed: str) -> None:
    result = run("--yes")
    assert result.exit_code == 1
    assert "commit is 'beef123'; must be a hash, tag or branch" in result.output


def test_environment_without_releases_cannot_roll_back(deployed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANB_RELEASE_DIRECTORY")
    result = run("--yes")
    assert result.exit_code == 1
    assert "The environment local deploys sources without a release. Set release_directory to" in result.output


def test_without_a_bucket_there_is_no_release(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    set_outputs(monkeypatch, {})
    result = run()
    assert result.exit_code == 1
    assert "No release is deployed: the bucket does not exist yet. Run ./anb deploy." in result.output
