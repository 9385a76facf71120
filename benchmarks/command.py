"""The command `bench`: measures, and prints tables of medians."""

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
PROCESSOR = "processor time, all cores"


@dataclass(frozen=True, kw_only=True)
class Synth:
    """One synth, in a process of its own.

    Args:
        parts: the seconds of each part, of the whole process, and of the processor's cores together.
        resources: how many were written.
    """

    parts: dict[str, float]
    resources: int


@click.group()
def bench() -> None:
    """Measure on this machine."""


@bench.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="Synths of each kind.")
@click.option("--save", is_flag=True, help="Keep the table in benchmarks/synth.md.")
def synth(rounds: int, save: bool) -> None:
    """Synthesize the whole app as built and with both shims off, in turn."""
    variants: dict[str, Mapping[str, str]] = {"as built": {}, "shims off": SHIMS_OFF}
    for variables in variants.values():
        # Unmeasured: unpacks what jsii keeps, writes Python's compiled files.
        run_synth(variables)
    runs: dict[str, list[Synth]] = {name: [] for name in variants}
    for number in range(rounds):
        for name, variables in variants.items():
            runs[name].append(run_synth(variables))
            click.echo(f"round {number + 1}, {name}: {runs[name][-1].parts[TOTAL]:.2f} s", err=True)
    text = table(runs["as built"], runs["shims off"])
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/synth.md").write_text(f"# Synth\n\nMeasured by `./anb bench synth`.\n\n{text}\n")


@bench.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100), help="Boots of each service.")
@click.option("--save", is_flag=True, help="Keep the tables in benchmarks/boot.md.")
def boot(rounds: int, save: bool) -> None:
    """Boot the deployed portal and worker on Debian 13, again and again, until each does its work."""
    # Its imports take a second that no other command should wait for.
    from benchmarks.boot import timing
    from benchmarks.boot.region import open_region

    texts = []
    with open_region(Console(stderr=True)) as region:
        for service in timing.TOTALS:
            boots = []
            for number in range(rounds):
                boots.append(timing.measure(region, service))
                click.echo(f"{service}, boot {number + 1}: {boots[-1].total:.2f} s", err=True)
            texts.append(f"## {service}\n\n{timing.sizes(region, service)}\n\n{timing.table(boots)}")
    text = "\n\n".join([f"Medians of {rounds} boots of each. {_machine()}", *texts])
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/boot.md").write_text(f"# Boot\n\nMeasured by `./anb bench boot`.\n\n{text}\n")


@bench.command()
@click.option("--scale", default=1.0, show_default=True, type=click.FloatRange(0.001, 10), help="Share of the data.")
@click.option("--seconds", default=6.0, show_default=True, type=click.FloatRange(0.5, 300), help="Length of each load.")
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1, 20), help="Rounds of the votes.")
@click.option("--save", is_flag=True, help="Keep the tables in benchmarks/api.md.")
def api(scale: float, seconds: float, rounds: int, save: bool) -> None:
    """Load the portal with a whole contest: votes, rankings, sign-ins, uploads, each beside its limit."""
    # Its imports take a second that no other command should wait for.
    from benchmarks.load import report

    text = report.run(Console(stderr=True), scale=scale, seconds=seconds, rounds=rounds)
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/api.md").write_text(f"# API\n\nMeasured by `./anb bench api`.\n\n{text}\n")


@bench.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100), help="Videos of each kind.")
@click.option("--save", is_flag=True, help="Keep the table in benchmarks/jobs.md, from which ./anb simulate reads.")
def jobs(rounds: int, save: bool) -> None:
    """Process videos such as phones make, and tell how long a worker takes for each."""
    # Its imports take a second that no other command should wait for.
    from benchmarks.encoding import jobs as measured

    timings = measured.measure(rounds=rounds, told=lambda clip: click.echo(f"{clip} ...", err=True))
    text = f"Medians of {rounds} of each. {_machine()}\n\n{measured.table(timings)}"
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/jobs.md").write_text(f"# Jobs\n\nMeasured by `./anb bench jobs`.\n\n{text}\n")


@bench.command()
@click.option("--seconds", default=45, show_default=True, type=click.IntRange(1, 60), help="Length of the clips.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 20), help="Rounds of the three ways.")
@click.option("--presets", is_flag=True, help="Measure x264's presets too.")
@click.option("--save", is_flag=True, help="Keep the tables in benchmarks/worker.md.")
def worker(seconds: int, rounds: int, presets: bool, save: bool) -> None:
    """Make videos of two clips as the worker does, by its ffmpeg command alone, and by the original's recipe."""
    # Its imports take a second that no other command should wait for.
    from benchmarks.encoding import report

    text = report.run(Console(stderr=True), seconds=seconds, rounds=rounds, presets=presets)
    click.echo(text)
    if save:
        (paths.ROOT / "benchmarks/worker.md").write_text(f"# Worker\n\nMeasured by `./anb bench worker`.\n\n{text}\n")


def run_synth(variables: Mapping[str, str]) -> Synth:
    """Synthesize the app once.

    Args:
        variables: added to the environment.

    Raises:
        UserError: it failed.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANB_", "CONSTRUCTS_LIB_"))}
    with tempfile.TemporaryDirectory() as folder:
        started, used = time.perf_counter(), _processor_seconds()
        result = subprocess.run(
            [sys.executable, "benchmarks/synth.py"],
            cwd=paths.ROOT,
            env={**kept, "PYTHONPATH": str(paths.ROOT), "CDKTF_OUTDIR": folder, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds, used = time.perf_counter() - started, _processor_seconds() - used
    if result.returncode != 0:
        raise UserError(f"The app could not be synthesized:\n{result.stderr.strip()}")
    measured = json.loads(result.stdout.splitlines()[-1])
    rest = seconds - sum(measured["parts"].values())
    parts = {**measured["parts"], "Python's start and end": rest, TOTAL: seconds, PROCESSOR: used}
    return Synth(parts=parts, resources=measured["resources"])


def table(fast: Sequence[Synth], stock: Sequence[Synth]) -> str:
    """The medians of both, part by part, as Markdown; the last line is the ratio of the whole.

    Args:
        fast: the app as built.
        stock: the same with both shims off.
    """
    lines = [
        f"{fast[0].resources} resources; medians of {len(fast)} runs of each, in turn, in seconds.",
        _machine(),
        "",
        "| | as built | shims off |",
        "| --- | ---: | ---: |",
    ]
    medians = {
        name: tuple(statistics.median(run.parts[name] for run in runs) for runs in (fast, stock))
        for name in fast[0].parts
    }
    lines += [f"| {name} | {ours:.3f} | {theirs:.3f} |" for name, (ours, theirs) in medians.items()]
    ratios = {name: theirs / ours for name, (ours, theirs) in medians.items()}
    return "\n".join([*lines, "", f"{ratios[TOTAL]:.1f} times as fast, with {ratios[PROCESSOR]:.1f} times less work."])


def _machine() -> str:
    return f"{os.cpu_count()} cores, {os.getloadavg()[1]:.1f} processes wanted one in the last five minutes."


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
