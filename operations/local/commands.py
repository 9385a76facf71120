"""The commands `up`, `down` and `moderator`, and the local output of `status` and `logs`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from operations.local import leftovers
from operations.local.demo import add_demo
from operations.local.state import RUNNING, StateFile, SystemState
from operations.local.supervisor import Stopped, Supervisor, UpOptions, log_file
from workspace import paths
from workspace.errors import UserError
from workspace.progress import step

PROGRAMS = ("portal", "worker", "database", "aws", "infrastructure", "up")
PORT = click.IntRange(1, 65535)


@click.command()
@click.option("--detach", is_flag=True, help="Run in the background; return once everything is up.")
@click.option("--demo", is_flag=True, help="Add players from several cities, sample clips and votes.")
@click.option("--no-infra", is_flag=True, help="Skip Terraform; create the bucket and queue directly, in seconds.")
@click.option("--port", type=PORT, default=8080, show_default=True, help="Port of the portal.")
@click.option("--database-port", type=PORT, help="Port of PostgreSQL. Default: a free port.")
@click.option("--aws-port", type=PORT, help="Port of the AWS emulator. Default: a free port.")
def up(detach: bool, demo: bool, no_infra: bool, port: int, database_port: int | None, aws_port: int | None) -> None:
    """Run the whole system on this machine.

    Starts PostgreSQL and an AWS emulator on loopback, deploys all stacks to it with Terraform, and starts the portal
    and the worker with their instances' environment variables. `down` keeps accounts, votes and videos. Ctrl-C stops
    everything.
    """
    console = Console()
    folder = paths.local_directory()
    options = UpOptions(portal_port=port, database_port=database_port, aws_port=aws_port, infra=not no_infra)
    if detach:
        _detach(folder, options, demo, console)
        return
    supervisor = Supervisor(folder, options, console)
    try:
        with supervisor.up() as url:
            if demo:
                add_demo(url, console)
            console.print(_panel(url))
            if console.is_terminal:
                console.print("Ctrl-C stops everything.", style="dim")
            supervisor.watch()
    except Stopped:
        console.print("Stopped. Accounts, votes and videos are kept for the next ./anb up.")


def show_status() -> None:
    """Print running programs with start times and ports."""
    state = StateFile(paths.local_directory()).read()
    if state is None:
        click.echo("Nothing is up. Start it with ./anb up.")
        return
    table = Table("program", "process", "port", "since", "memory")
    for name, member in {"supervisor": state.supervisor, **state.children}.items():
        port = str(member.port or "")
        if member.alive:
            since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(member.started))
            table.add_row(name, str(member.pid), port, since, f"{_memory(member.pid):.0f} MB")
        else:
            table.add_row(name, f"{member.pid} (exited)", port, "", "")
    console = Console()
    if not state.supervisor.alive:
        console.print("The last run was killed. ./anb up cleans up and starts again.", style="yellow")
    console.print(f"{state.phase}: {state.url}" + ("" if state.infra else " (without Terraform)"), highlight=False)
    console.print(table)


def show_logs(program: str | None, *, follow: bool, lines: int) -> None:
    """Show the log of one program or of all; replaces this process with `tail`.

    Args:
        program: One of PROGRAMS; None for all.
        follow: Whether to keep following the logs.
        lines: Number of last lines.

    Raises:
        UserError: No logs exist.
    """
    folder = paths.local_directory()
    files = [log_file(folder, name) for name in ([program] if program else PROGRAMS)]
    existing = [file for file in files if file.exists()]
    if not existing:
        raise UserError(f"There are no logs in {folder / 'logs'} yet. Start the system with ./anb up.")
    tail = ["tail", "-n", str(lines), *(["-F"] if follow else []), *(str(file) for file in existing)]
    os.execvp("tail", tail)


@click.command()
def down() -> None:
    """Stop everything. Accounts, votes and videos are kept for the next `up`."""
    folder = paths.local_directory()
    file = StateFile(folder)
    console = Console()
    state = file.read()
    if state is None:
        click.echo("Nothing is up.")
        return
    if not state.supervisor.alive:
        with file.lock():
            leftovers.clean(file, folder, console)
        return
    supervisor = psutil.Process(state.supervisor.pid)
    with step("Stopping everything", console):
        os.kill(supervisor.pid, signal.SIGTERM)
        psutil.wait_procs([supervisor], timeout=120)
        if state.supervisor.alive:
            raise UserError(f"Process {supervisor.pid} did not stop within 120 s. See ./anb logs up.")
    click.echo("Accounts, votes and videos are kept for the next ./anb up.")


@click.command()
@click.argument("verb", type=click.Choice(["grant", "revoke"]))
@click.argument("email")
def moderator(verb: str, email: str) -> None:
    """Grant or revoke moderator rights of the account EMAIL.

    For the portal of ./anb up. On an instance: python -m services.contest.moderators.
    """
    state = StateFile(paths.local_directory()).read()
    portal = state.children.get("portal") if state is not None and state.phase == RUNNING else None
    if portal is None or not portal.alive:
        raise UserError("Nothing is up. Start it with ./anb up.")
    result = subprocess.run(
        [sys.executable, "-m", "services.contest.moderators", verb, email],
        env=psutil.Process(portal.pid).environ(),
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise UserError(result.stderr.strip())
    click.echo(result.stdout.strip())


def _detach(folder: Path, options: UpOptions, demo: bool, console: Console) -> None:
    """Start the same command in a new session and show its output until the system is up."""
    file = StateFile(folder)
    with file.lock():
        # Fail here, and not only in the log, if a supervisor is already running.
        pass
    log = log_file(folder, "up")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "operations", "up", *_arguments(options, demo)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with log.open(errors="replace") as lines:
        try:
            state = _follow(process, file, lines, console)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise click.Abort from None
    if state is None:
        raise SystemExit(process.returncode or 1)
    console.print("Running in the background: ./anb status, ./anb logs, ./anb down.", style="dim")


def _follow(
    process: subprocess.Popen[bytes], file: StateFile, lines: Iterator[str], console: Console
) -> SystemState | None:
    """Print a supervisor's output until it is up; return its state, or None if it exited."""
    while True:
        exited = process.poll() is not None
        state = file.read()
        up = state is not None and state.phase == RUNNING and state.supervisor.pid == process.pid
        # Read the log after the state, so that no line is lost before returning.
        for line in lines:
            console.print(line.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)
        if up:
            return state
        if exited:
            return None
        time.sleep(0.2)


def _arguments(options: UpOptions, demo: bool) -> list[str]:
    arguments = ["--port", str(options.portal_port)]
    if options.database_port is not None:
        arguments += ["--database-port", str(options.database_port)]
    if options.aws_port is not None:
        arguments += ["--aws-port", str(options.aws_port)]
    return arguments + ["--no-infra"] * (not options.infra) + ["--demo"] * demo


def _panel(url: str) -> Panel:
    return Panel(f"[bold]ANB Rising Stars[/bold] is up at [bold green]{url}[/bold green]", expand=False)


def _memory(pid: int) -> float:
    """Return the resident memory of a process and its children, in megabytes."""
    total = 0
    process = psutil.Process(pid)
    for each in [process, *process.children(recursive=True)]:
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6
