"""What `anb rollback` goes back to, and what it says when there is nothing to go back to."""

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
from operations.deployed.releases import DeployedRelease, history
from operations.deployed.rollback import former, take_back
from workspace.errors import UserError

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def release(sha256: str, commit: str, version: str = "0.1.0") -> DeployedRelease:
    return DeployedRelease(deployed=WHEN, sha256=sha256, version=version, commit=commit)


NOW, BEFORE, OLD = release("c", "c0ffee1"), release("b", "beef123"), release("a", "abba456", "0.0.9")


def test_the_releases_are_read_from_the_versions_of_their_manifest(aws_port: int) -> None:
    s3, bucket, key = aws.client("s3", aws_port), f"it-{uuid.uuid4().hex}", "releases/portal/release.json"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for sha256, about in (("a", {}), ("b", {"version": "0.1.0", "commit": "beef123"})):
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps({"sha256": sha256, "about": about, "parts": {}}))
    s3.put_object(Bucket=bucket, Key=f"{key}.other", Body=b"no release")

    newest, oldest = history(s3, bucket, "portal")
    assert (newest.sha256, newest.version, newest.commit) == ("b", "0.1.0", "beef123")
    assert (oldest.sha256, oldest.can_be_built, str(oldest)) == ("a", False, "the sources a")
    assert history(s3, bucket, "worker") == []


@pytest.mark.parametrize(
    ("to", "chosen"), [(None, BEFORE), ("beef", BEFORE), ("abba456", OLD), ("0.0.9", OLD), ("0.1.0", BEFORE)]
)
def test_the_one_before_or_the_named_one_comes_back(to: str | None, chosen: DeployedRelease) -> None:
    assert former([NOW, BEFORE, OLD], to) == chosen


def test_a_commit_is_told_by_its_first_digits() -> None:
    assert str(release("a", "c0ffee" * 6 + "c0ff")) == "0.1.0 of commit c0ffeec0ffee"
    assert str(release("a", "c0ffee" * 6 + "c0ff-modified")) == "0.1.0 of commit c0ffeec0ffee-modified"


def test_the_same_release_deployed_twice_is_not_the_one_before() -> None:
    assert former([NOW, NOW, BEFORE], None) == BEFORE


@pytest.mark.parametrize(
    ("known", "to", "sentence"),
    [
        ([], None, "No release was deployed, so there is none to go back to."),
        ([NOW], None, "There is no former release: 0.1.0 of commit c0ffee1 is the only one the bucket remembers."),
        ([NOW, BEFORE], "c0ff", "0.1.0 of commit c0ffee1 is what is deployed now."),
        ([NOW, BEFORE], "dead", "No release 'dead' was deployed in the time the bucket remembers; the commits above"),
        ([NOW, BEFORE], "", "No release '' was deployed"),
        ([NOW, release("b", "beef-modified")], None, "The release to go back to, 0.1.0 of commit beef-modified, was"),
        ([NOW, release("b", "unknown")], None, "so it cannot be built again. Name one that was with --to."),
        ([NOW, release("b", "", "")], None, "The release to go back to, the sources b, was not built from a commit"),
    ],
)
def test_where_there_is_none_it_says_why(known: list[DeployedRelease], to: str | None, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        former(known, to)
    assert sentence in caught.value.message


@pytest.fixture
def scaling() -> boto3.client:
    return boto3.client("autoscaling", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_a_replacement_under_way_is_taken_back_at_once(scaling: boto3.client) -> None:
    with Stubber(scaling) as stub:
        stub.add_response(
            "rollback_instance_refresh", {"InstanceRefreshId": "it"}, {"AutoScalingGroupName": "anb-api-asg"}
        )
        assert take_back(scaling, "anb-api-asg")
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["ActiveInstanceRefreshNotFound", "IrreversibleInstanceRefresh"])
def test_without_one_that_can_be_there_is_nothing_to_take_back(scaling: boto3.client, code: str) -> None:
    with Stubber(scaling) as stub:
        stub.add_client_error("rollback_instance_refresh", code)
        assert not take_back(scaling, "anb-api-asg")


def test_another_refusal_is_not_passed_over(scaling: boto3.client) -> None:
    with Stubber(scaling) as stub:
        stub.add_client_error("rollback_instance_refresh", "AccessDenied")
        with pytest.raises(ClientError):
            take_back(scaling, "anb-api-asg")


@pytest.fixture
def deployed(where: Target, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket in which two releases were deployed."""
    monkeypatch.setenv("ANB_RELEASE_DIRECTORY", "releases")
    s3, bucket, key = where.client("s3"), f"it-{uuid.uuid4().hex}", "releases/portal/release.json"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for each in (BEFORE, NOW):
        about = {"version": each.version, "commit": each.commit}
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps({"sha256": each.sha256, "about": about, "parts": {}}))
    stands(monkeypatch, {"s3_bucket_name": bucket})
    return bucket


def stands(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, str]) -> None:
    monkeypatch.setattr(deployed_state, "read", lambda *_: DeployedStacks([], {"storage": TerraformState(outputs)}))


def run(*arguments: str, typed: str = "") -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["rollback", "--target", "local", *arguments], input=typed)


def test_what_was_deployed_is_shown_and_anything_but_y_ends_it(deployed: str) -> None:
    declined = run(typed="n\n")
    assert declined.exit_code == 0, declined.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in declined.output.splitlines() if "│" in line]
    assert [row[1:] for row in rows] == [["0.1.0", "c0ffee1", "now"], ["0.1.0", "beef123", ""]]
    assert "¿Deseas volver a 0.1.0 of commit beef123? (y/n): n" in declined.output
    assert "Cancelled: nothing more was applied." in declined.output


def test_a_commit_that_git_does_not_have_stops_it_before_anything_is_touched(deployed: str) -> None:
    refused = run("--yes")
    assert refused.exit_code == 1
    assert "git has no commit 'beef123' here" in refused.output


def test_where_the_sources_alone_are_deployed_no_release_comes_back(
    deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANB_RELEASE_DIRECTORY")
    refused = run("--yes")
    assert refused.exit_code == 1
    assert "The environment local deploys the sources alone. Name a folder for its releases in" in refused.output


def test_without_a_bucket_there_is_no_release(where: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    stands(monkeypatch, {})
    refused = run()
    assert refused.exit_code == 1
    assert "No release was deployed: its bucket is not there yet. ./anb deploy makes it." in refused.output
