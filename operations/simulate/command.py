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
    help="Environment whose synthesized Terraform is simulated.",
)
@click.option(
    "--seconds-per-job",
    type=click.FloatRange(0.1, 43200),
    help="Seconds per job, instead of the times in benchmarks/jobs.md.",
)
@click.option(
    "--boot-seconds",
    type=click.FloatRange(0, 7200),
    help="Boot time of an instance in seconds, instead of the time in benchmarks/boot.md.",
)
@click.option("--seed", default=1, show_default=True, help="Random seed of the arrivals.")
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    default=PICTURES,
    help="Folder for a picture of each load. Default: .anb/simulate.",
)
def simulate(
    loads: tuple[str, ...],
    environment: str,
    seconds_per_job: float | None,
    boot_seconds: float | None,
    seed: int,
    pictures: Path,
) -> None:
    """Simulate the workers' scaling under a load before deploying: waiting times, instances, cost.

    LOAD is calm-day, city-derby, national-final, or a TOML file. Default: all three. Each runs with the policies that
    would be deployed, with the first version's policy on the raw queue depth, and with a group that is always at its
    maximum. To try a setting: ANB_WORKER_MAX_SIZE=5 ./anb simulate national-final

    Assumptions and the format of a load: docs/capacity.md
    """
    # Imported late: they take a second.
    from operations.simulate import comparison, deployed, picture, table

    curves = {load: curve.find(load) for load in loads or curve.preset_names()}
    assumptions = comparison.Assumptions.from_measurements(seconds_per_job, boot_seconds, seed=seed)
    progress = Console(stderr=True)
    try:
        pictures.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {pictures} for the pictures cannot be created: {error.strerror}.") from None
    with step(f"Reading the workers of {environment} from its Terraform", progress):
        workers = deployed.read(environment, os.environ)
    console = Console()
    console.print(table.legend(workers), highlight=False, soft_wrap=True)
    for load, load_curve in curves.items():
        with step(load_curve.title, progress):
            result = comparison.compare(load_curve, workers, assumptions)
        file = pictures / f"{Path(load).stem}.svg"
        file.write_text(picture.draw(result), encoding="utf-8")
        console.print(f"\n{table.summary(result)}", highlight=False, soft_wrap=True)
        console.print(table.table(result))
        for line in table.unfinished_notes(result):
            console.print(line, highlight=False, soft_wrap=True)
        console.print(f"Picture: {file}", highlight=False, soft_wrap=True)
