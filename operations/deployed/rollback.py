"""The command `rollback`: build an earlier release again and deploy it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import click
from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from operations.deploy import prompts
from operations.deploy.command import run_deployment
from operations.deploy.target import Target, choose_target
from operations.deployed import deployed_state
from operations.deployed.calls import readable_aws_errors, target_options
from operations.deployed.releases import DeployedRelease, list_releases
from operations.deployed.scaling import SERVICES, group_name
from operations.release.build import build, checkout
from stacks.release_artifacts import ARCHITECTURE, directory
from workspace import paths
from workspace.errors import UserError

QUESTION = "¿Deseas volver a {release}? (y/n): "
_NO_ACTIVE_REFRESH = ("ActiveInstanceRefreshNotFound", "IrreversibleInstanceRefresh")


@click.command()
@click.option("--to", metavar="COMMIT", help="Commit or version to restore; default: the previous release.")
@click.option("--yes", is_flag=True, help="Roll back and apply the plan without asking.")
@target_options
def rollback(to: str | None, yes: bool, target: str | None, environment: str | None) -> None:
    """Roll back to an earlier release: list the deployed releases, ask, build the release again, deploy it.

    A rollout in progress is rolled back at once, before the build. Settings and stacks are those of the
    working copy. Migrations are not reverted.
    """
    console = Console()
    chosen = choose_target(target, environment)
    try:
        _roll_back(chosen, console, to=to, yes=yes)
    except prompts.Cancelled:
        console.print("Cancelled: nothing more was applied.", style="yellow")


def _roll_back(target: Target, console: Console, *, to: str | None, yes: bool) -> None:
    with readable_aws_errors():
        bucket = deployed_state.read(target, console).output("s3_bucket_name")
        if not bucket:
            raise UserError("No release is deployed: the bucket does not exist yet. Run ./anb deploy.")
        releases = list_releases(target.client("s3"), bucket, "portal")
    table = Table("deployed", "version", "commit", "")
    for number, release in enumerate(releases):
        moment = f"{release.deployed.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(moment, release.version, release.short_commit or str(release), "" if number else "now")
    console.print(table)
    chosen = choose_release(releases, to)
    folder = directory(target.settings)
    if folder is None:
        raise UserError(
            f"The environment {target.environment} deploys sources without a release. Set release_directory to the "
            "folder for releases."
        )
    if yes:
        click.echo(f"{QUESTION.format(release=chosen)}y (--yes)")
    elif not prompts.confirm(QUESTION.format(release=chosen)):
        raise prompts.Cancelled
    # Checked out first, so that nothing is changed if git does not have the commit.
    with checkout(paths.ROOT, chosen.commit) as sources:
        with readable_aws_errors():
            for service in SERVICES:
                group = group_name(target, service)
                if roll_back_refresh(target.client("autoscaling"), group):
                    console.print(f"{group}: the rollout in progress is rolled back.")
        build(sources, folder, ARCHITECTURE, console, wheels=paths.CACHE_DIR / "wheels")
    run_deployment(target, console, yes=yes)


def choose_release(releases: Sequence[DeployedRelease], to: str | None) -> DeployedRelease:
    """Choose the release to restore.

    Args:
        releases: Deployed releases, newest first.
        to: Prefix of a commit, or a version; default: the previous release.

    Raises:
        UserError: There is no such release, it is the current one, or it cannot be built again.
    """
    if not releases:
        raise UserError("No release was deployed, so there is none to roll back to.")
    current, *others = releases
    candidates = [release for release in others if release.sha256 != current.sha256]
    if to is not None:
        candidates = [release for release in candidates if _matches(release, to)]
        if not candidates and _matches(current, to):
            raise UserError(f"{current} is the current release.")
        if not candidates:
            raise UserError(
                f"--to is {to!r}; must be one of the releases above. For any other commit, run ./anb release --commit "
                "and ./anb deploy."
            )
    if not candidates:
        raise UserError(f"There is no earlier release: the bucket holds only {current}.")
    chosen = candidates[0]
    if not chosen.rebuildable:
        raise UserError(
            f"{chosen} cannot be built again because it was not built from a clean commit. Choose another release "
            "with --to."
        )
    return chosen


def _matches(release: DeployedRelease, to: str) -> bool:
    return bool(to) and (to == release.version or release.commit.startswith(to))


def roll_back_refresh(autoscaling: Any, group: str) -> bool:
    """Roll back the instance refresh in progress to the group's saved version; return whether there was one.

    The deployment that follows cancels the rollback, and goes on from the instances that it has reached.

    Args:
        autoscaling: boto3 client for Auto Scaling.
        group: Name of the group.
    """
    try:
        autoscaling.rollback_instance_refresh(AutoScalingGroupName=group)
    except ClientError as error:
        if error.response["Error"]["Code"].startswith(_NO_ACTIVE_REFRESH):
            return False
        raise
    return True
