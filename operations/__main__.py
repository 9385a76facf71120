"""The commands: `./anb COMMAND`."""

from __future__ import annotations

import click

from operations.bench import bench
from operations.deploy.command import deploy
from operations.deployed.commands import logs, status
from operations.deployed.opening import open_site
from operations.deployed.rollback import rollback
from operations.deployed.scaling import scale
from operations.destroy.command import destroy
from operations.docs import docs
from operations.doctor.command import doctor
from operations.local.commands import down, up
from operations.local.moderators import moderator
from operations.queue import queue
from operations.release.command import release
from operations.simulate.command import simulate
from operations.testing.command import run_tests


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def anb() -> None:
    """ANB Rising Stars: players upload videos, the public votes, cities are ranked.

    Start with: ./anb up --demo
    """


COMMANDS = (
    *(up, status, logs, open_site, down, moderator, queue),
    *(release, doctor, deploy, rollback, scale, destroy),
    *(simulate, run_tests, bench, docs),
)

for command in COMMANDS:
    anb.add_command(command)

if __name__ == "__main__":
    anb(prog_name="anb")
