"""The commands: `./anb COMMAND`."""

from __future__ import annotations

import click

from operations.bench import bench
from operations.local.commands import down, logs, status, up
from operations.local.moderators import moderator
from operations.release.command import release
from operations.testing import run_tests


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def anb() -> None:
    """ANB Rising Stars: players upload videos, the public votes, cities are ranked.

    Start with: ./anb up --demo
    """


for command in (up, status, logs, down, moderator, release, run_tests, bench):
    anb.add_command(command)

if __name__ == "__main__":
    anb(prog_name="anb")
