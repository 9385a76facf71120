"""The command `rollback`: the release before comes back, by the same road as every release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import click
from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from operations.deploy import prompts
from operations.deploy.command import deploy_to
from operations.deploy.target import Target, choose
from operations.deployed import deployed_state
from operations.deployed.calls import answered, where_options
from operations.deployed.releases import DeployedRelease, history
from operations.deployed.scaling import SERVICES, group_name
from operations.release.build import build, checkout
from stacks.release_artifacts import ARCHITECTURE, directory
from workspace import paths
from workspace.errors import UserError

QUESTION = "¿Deseas volver a {release}? (y/n): "
_NOTHING_UNDER_WAY = ("ActiveInstanceRefreshNotFound", "IrreversibleInstanceRefresh")


@click.command()
@click.option("--to", metavar="COMMIT", help="The commit or version to bring back; by default the one before.")
@click.option("--yes", is_flag=True, help="Go back without asking, and apply the plan without asking.")
@where_options
def rollback(to: str | None, yes: bool, target: str | None, environment: str | None) -> None:
    """Bring an earlier release back: show what was deployed and when, ask, build it again, deploy it.

    A replacement of instances that is under way is taken back by Auto Scaling at once, before the build. Settings and
    stacks stay as they are here. Migrations are not taken back.
    """
    console = Console()
    where = choose(target, environment)
    try:
        _roll_back(where, console, to=to, yes=yes)
    except prompts.Cancelled:
        console.print("Cancelled: nothing more was applied.", style="yellow")


def _roll_back(where: Target, console: Console, *, to: str | None, yes: bool) -> None:
    with answered():
        bucket = deployed_state.read(where, console).output("s3_bucket_name")
        if not bucket:
            raise UserError("No release was deployed: its bucket is not there yet. ./anb deploy makes it.")
        known = history(where.client("s3"), bucket, "portal")
    table = Table("deployed", "version", "commit", "")
    for number, each in enumerate(known):
        moment = f"{each.deployed.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(moment, each.version, each.short_commit or str(each), "" if number else "now")
    console.print(table)
    chosen = former(known, to)
    folder = directory(where.settings)
    if folder is None:
        raise UserError(
            f"The environment {where.environment} deploys the sources alone. Name a folder for its releases in "
            "release_directory to bring one back."
        )
    if yes:
        click.echo(f"{QUESTION.format(release=chosen)}y (--yes)")
    elif not prompts.one_key(QUESTION.format(release=chosen)):
        raise prompts.Cancelled
    # The commit first: where git does not have it, nothing is touched.
    with checkout(paths.ROOT, chosen.commit) as sources:
        with answered():
            for service in SERVICES:
                if not where.settings.embedded and take_back(where.client("autoscaling"), group_name(where, service)):
                    console.print(f"{group_name(where, service)}: Auto Scaling takes its instances back.")
        build(sources, folder, ARCHITECTURE, console, wheels=paths.CACHE_DIR / "wheels")
    deploy_to(where, console, yes=yes)


def former(known: Sequence[DeployedRelease], to: str | None) -> DeployedRelease:
    """The release to bring back.

    Args:
        known: the deployed ones, the newest first.
        to: the beginning of its commit, or its version; None: the one before.

    Raises:
        UserError: there is none, it is the one of now, or it cannot be built again.
    """
    if not known:
        raise UserError("No release was deployed, so there is none to go back to.")
    now, *others = known
    earlier = [each for each in others if each.sha256 != now.sha256]
    if to is not None:
        earlier = [each for each in earlier if _named(each, to)]
        if not earlier and _named(now, to):
            raise UserError(f"{now} is what is deployed now.")
        if not earlier:
            raise UserError(
                f"No release {to!r} was deployed in the time the bucket remembers; the commits above are allowed. Any "
                "other is brought back with ./anb release --commit and ./anb deploy."
            )
    if not earlier:
        raise UserError(f"There is no former release: {now} is the only one the bucket remembers.")
    chosen = earlier[0]
    if not chosen.can_be_built:
        raise UserError(
            f"The release to go back to, {chosen}, was not built from a commit alone, so it cannot be built again. "
            "Name one that was with --to."
        )
    return chosen


def _named(release: DeployedRelease, to: str) -> bool:
    return bool(to) and (to == release.version or release.commit.startswith(to))


def take_back(scaling: Any, group: str) -> bool:
    """Have Auto Scaling take a replacement back that is under way; returns whether there was one.

    Args:
        scaling: boto3 client.
        group: the group's name.
    """
    try:
        scaling.rollback_instance_refresh(AutoScalingGroupName=group)
    except ClientError as error:
        if error.response["Error"]["Code"].startswith(_NOTHING_UNDER_WAY):
            return False
        raise
    return True
