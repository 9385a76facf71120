"""The command `bench`: runs benchmarks and prints tables of medians."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click
from rich.console import Console

from workspace import paths
from workspace.errors import UserError

SHIMS_OFF = {"CONSTRUCTS_LIB_LAZY_PYTHON": "0", "CONSTRUCTS_LIB_LAZY_NODE": "0"}
TOTAL = "whole process"
CPU_TIME = "CPU time, all cores"


@dataclass(frozen=True, kw_only=True)
class SynthRun:
    """Result of one synth in a separate process.

    Args:
        parts: seconds of each part, wall time of the process, and its CPU time.
        resources: number of resources in the output.
    """

    parts: dict[str, float]
    resources: int


@click.group()
def bench() -> None:
    """Run a benchmark on this machine."""


@bench.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="Synths of each variant.")
@click.option("--save", is_flag=True, help="Save the table to benchmarks/synth.md.")
def synth(rounds: int, save: bool) -> None:
    """Synthesize the whole app, alternately as built and with both shims off."""
    variants: dict[str, Mapping[str, str]] = {"as built": {}, "shims off": SHIMS_OFF}
    for variables in variants.values():
        # Warm-up: fills the caches of jsii and Python.
        run_synth(variables)
    runs: dict[str, list[SynthRun]] = {name: [] for name in variants}
    for number in range(rounds):
        for name, variables in variants.items():
            runs[name].append(run_synth(variables))
            click.echo(f"round {number + 1}, {name}: {runs[name][-1].parts[TOTAL]:.2f} s", err=True)
    text = render_table(runs["as built"], runs["shims off"])
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/synth.md").write_text(f"# Synth\n\nMeasured by `./anb bench synth`.\n\n{text}\n")


@bench.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100), help="Boots of each service.")
@click.option("--save", is_flag=True, help="Save the tables, and the times for ./anb simulate, to benchmarks/boot.*.")
def boot(rounds: int, save: bool) -> None:
    """Boot the deployed portal and worker on Debian 13, and measure the time until they work."""
    # Imported here: the imports take a second.
    from benchmarks.boot import timing
    from benchmarks.boot.region import open_region

    texts, medians = [], {}
    with open_region(Console(stderr=True)) as region:
        for service in timing.TOTALS:
            boots = []
            for number in range(rounds):
                boots.append(timing.measure(region, service))
                click.echo(f"{service}, boot {number + 1}: {boots[-1].total:.2f} s", err=True)
            medians[service] = timing.medians(boots)
            texts.append(f"## {service}\n\n{timing.sizes(region, service)}\n\n{timing.render_table(boots)}")
    text = "\n\n".join([f"Medians of {rounds} boots of each. {_machine_description()}", *texts])
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/boot.md").write_text(f"# Boot\n\nMeasured by `./anb bench boot`.\n\n{text}\n")
        _save_json("boot", medians)


@bench.command()
@click.option(
    "--scale", default=1.0, show_default=True, type=click.FloatRange(0.001, 10), help="Share of the full data set."
)
@click.option(
    "--seconds", default=6.0, show_default=True, type=click.FloatRange(0.5, 300), help="Duration of each load."
)
@click.option(
    "--rounds", default=2, show_default=True, type=click.IntRange(1, 20), help="Rounds of the vote benchmark."
)
@click.option("--save", is_flag=True, help="Save the tables to benchmarks/api.md.")
def api(scale: float, seconds: float, rounds: int, save: bool) -> None:
    """Load the portal with the data of a contest: votes, rankings, logins and uploads, compared with their limits."""
    # Imported here: the imports take a second.
    from benchmarks.load import report

    text = report.run(Console(stderr=True), scale=scale, seconds=seconds, rounds=rounds)
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/api.md").write_text(f"# API\n\nMeasured by `./anb bench api`.\n\n{text}\n")


@bench.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100), help="Jobs of each clip.")
@click.option("--save", is_flag=True, help="Save the table, and the times for ./anb simulate, to benchmarks/jobs.*.")
def jobs(rounds: int, save: bool) -> None:
    """Process typical clips of phones, and measure the time of each job."""
    # Imported here: the imports take a second.
    from benchmarks.encoding import jobs as job_timing

    timings = job_timing.measure(rounds=rounds, on_progress=lambda clip: click.echo(f"{clip} ...", err=True))
    text = f"Medians of {rounds} of each. {_machine_description()}\n\n{job_timing.render_table(timings)}"
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/jobs.md").write_text(f"# Jobs\n\nMeasured by `./anb bench jobs`.\n\n{text}\n")
        _save_json("jobs", {timing.clip.name: timing.seconds_alone for timing in timings})


@bench.command()
@click.option("--seconds", default=45, show_default=True, type=click.IntRange(1, 60), help="Duration of the clips.")
@click.option(
    "--rounds", default=3, show_default=True, type=click.IntRange(1, 20), help="Rounds of the three variants."
)
@click.option("--presets", is_flag=True, help="Compare x264's presets too.")
@click.option("--save", is_flag=True, help="Save the tables to benchmarks/worker.md.")
def worker(seconds: int, rounds: int, presets: bool, save: bool) -> None:
    """Encode two clips with the worker, with its ffmpeg command alone, and with the original's commands."""
    # Imported here: the imports take a second.
    from benchmarks.encoding import report

    text = report.run(Console(stderr=True), seconds=seconds, rounds=rounds, presets=presets)
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/worker.md").write_text(f"# Worker\n\nMeasured by `./anb bench worker`.\n\n{text}\n")


def run_synth(variables: Mapping[str, str]) -> SynthRun:
    """Synthesize the app once.

    Args:
        variables: additional environment variables.

    Raises:
        UserError: the synth failed.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANB_", "CONSTRUCTS_LIB_"))}
    with tempfile.TemporaryDirectory() as folder:
        started, cpu_started = time.perf_counter(), _cpu_seconds()
        result = subprocess.run(
            [sys.executable, "benchmarks/synth.py"],
            cwd=paths.ROOT,
            env={**inherited, "PYTHONPATH": str(paths.ROOT), "CDKTF_OUTDIR": folder, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds, cpu_seconds = time.perf_counter() - started, _cpu_seconds() - cpu_started
    if result.returncode != 0:
        raise UserError(f"The app could not be synthesized:\n{result.stderr.strip()}")
    measured = json.loads(result.stdout.splitlines()[-1])
    rest = seconds - sum(measured["parts"].values())
    parts = {**measured["parts"], "Python startup and exit": rest, TOTAL: seconds, CPU_TIME: cpu_seconds}
    return SynthRun(parts=parts, resources=measured["resources"])


def render_table(built: Sequence[SynthRun], without_shims: Sequence[SynthRun]) -> str:
    """Render the medians of each part as Markdown; the last line is the ratio of the total.

    Args:
        built: synths of the app as built.
        without_shims: synths with both shims off.
    """
    lines = [
        f"{built[0].resources} resources; medians of {len(built)} alternating runs of each, in seconds.",
        _machine_description(),
        "",
        "| | as built | shims off |",
        "| --- | ---: | ---: |",
    ]
    medians = {
        name: tuple(statistics.median(run.parts[name] for run in runs) for runs in (built, without_shims))
        for name in built[0].parts
    }
    lines += [f"| {name} | {with_shims:.3f} | {without:.3f} |" for name, (with_shims, without) in medians.items()]
    ratios = {name: without / with_shims for name, (with_shims, without) in medians.items()}
    return "\n".join(
        [*lines, "", f"{ratios[TOTAL]:.1f} times as fast, with {ratios[CPU_TIME]:.1f} times less CPU time."]
    )


def _machine_description() -> str:
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[1]:.1f} (5 minutes)."


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _save_json(name: str, times: Mapping[str, object]) -> None:
    """Save times in seconds as JSON, for programs such as `./anb simulate`."""
    (paths.ROOT / f"benchmarks/{name}.json").write_text(json.dumps(times, indent=2, ensure_ascii=False) + "\n")
