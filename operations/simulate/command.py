"""The command `simulate`."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from operations.simulate import curve
from stacks.settings.loader import DEFAULT_ENVIRONMENT, ENVIRONMENT
from workspace import paths
from workspace.errors import UserError
from workspace.progress import step

PICTURES = paths.CACHE_DIR / "simulate"


@click.command()
@click.argument("loads", nargs=-1, metavar="[LOAD]...")
@click.option(
    "--environment",
    default=DEFAULT_ENVIRONMENT,
    show_default=True,
    envvar=ENVIRONMENT,
    help="Whose policies and sizes are read out of its synthesized Terraform.",
)
@click.option(
    "--seconds-per-job",
    type=click.FloatRange(0.1, 43200),
    help="How long every job takes, instead of the times in benchmarks/jobs.md.",
)
@click.option(
    "--boot-seconds",
    type=click.FloatRange(0, 7200),
    help="How long an instance boots, instead of the time in benchmarks/boot.md.",
)
@click.option("--seed", default=1, show_default=True, help="Another one draws other arrivals from the same load.")
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    default=PICTURES,
    help="Folder that gets a picture of each load; by default .anb/simulate.",
)
def simulate(
    loads: tuple[str, ...],
    environment: str,
    seconds_per_job: float | None,
    boot_seconds: float | None,
    seed: int,
    pictures: Path,
) -> None:
    """Try the workers' scaling on a load before deploying it: waiting times, instances, cost.

    LOAD is calm-day, city-derby, national-final, or a TOML file; without one, all three are run. Each is met by the
    policies that would be deployed, by the first version's on the raw depth of the queue, and by a fleet that is always
    at the maximum. Settings may be tried out: ANB_WORKER_MAX_SIZE=5 ./anb simulate national-final

    What is assumed, and how a load is written: docs/capacity.md
    """
    # Their imports take a second that no other command should wait for.
    from operations.simulate import comparison, deployed, picture, table

    chosen = {load: curve.find(load) for load in loads or curve.preset_names()}
    assumed = comparison.Assumed.measured_or(seconds_per_job, boot_seconds, seed=seed)
    told = Console(stderr=True)
    try:
        pictures.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"There can be no folder {pictures} for the pictures: {error.strerror}.") from None
    with step(f"Reading the workers of {environment} out of its Terraform", told):
        workers = deployed.read(environment, os.environ)
    console = Console()
    console.print(table.legend(workers), highlight=False, soft_wrap=True)
    for load, found in chosen.items():
        with step(found.title, told):
            result = comparison.compare(found, workers, assumed)
        file = pictures / f"{Path(load).stem}.svg"
        file.write_text(picture.draw(result), encoding="utf-8")
        console.print(f"\n{table.words(result)}", highlight=False, soft_wrap=True)
        console.print(table.table(result))
        for line in table.unfinished(result):
            console.print(line, highlight=False, soft_wrap=True)
        console.print(f"Picture: {file}", highlight=False, soft_wrap=True)
