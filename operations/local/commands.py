"""The commands of the local run, up and down, and what status and logs say of it."""

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
@click.option("--detach", is_flag=True, help="Return when everything is up, and leave it running.")
@click.option("--demo", is_flag=True, help="Add players of several cities, clips made with ffmpeg, and votes.")
@click.option("--no-infra", is_flag=True, help="Without Terraform: bucket and queue are made directly, in seconds.")
@click.option("--port", type=PORT, default=8080, show_default=True, help="Port of the portal.")
@click.option("--database-port", type=PORT, help="Port of PostgreSQL; by default a free one.")
@click.option("--aws-port", type=PORT, help="Port of the embedded AWS; by default a free one.")
def up(detach: bool, demo: bool, no_infra: bool, port: int, database_port: int | None, aws_port: int | None) -> None:
    """Run the whole system on this machine.

    PostgreSQL and an embedded AWS on loopback, all stacks deployed to it with the real Terraform, the portal and
    the worker with the environment their instances would get. Accounts, votes and videos outlive `down`.
    Ctrl-C stops everything.
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
    """Say what is up, since when, on which ports."""
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
            table.add_row(name, f"{member.pid} ended", port, "", "")
    console = Console()
    if not state.supervisor.alive:
        console.print("The last run was killed. ./anb up cleans up and starts again.", style="yellow")
    console.print(f"{state.phase}: {state.url}" + ("" if state.infra else " (without Terraform)"), highlight=False)
    console.print(table)


def show_logs(program: str | None, *, follow: bool, lines: int) -> None:
    """Show what a program wrote, or all of them; this process becomes the one that shows it.

    Args:
        program: one of PROGRAMS.
        follow: whether to go on as it writes.
        lines: how many last lines.

    Raises:
        UserError: nothing was written yet.
    """
    folder = paths.local_directory()
    files = [log_file(folder, name) for name in ([program] if program else PROGRAMS)]
    found = [file for file in files if file.exists()]
    if not found:
        raise UserError(f"There are no logs in {folder / 'logs'} yet. Start the system with ./anb up.")
    tail = ["tail", "-n", str(lines), *(["-F"] if follow else []), *(str(file) for file in found)]
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
        with file.own():
            leftovers.clean(file, folder, console)
        return
    supervisor = psutil.Process(state.supervisor.pid)
    with step("Stopping everything", console):
        os.kill(supervisor.pid, signal.SIGTERM)
        psutil.wait_procs([supervisor], timeout=120)
        if state.supervisor.alive:
            raise UserError(
                f"Process {supervisor.pid} has not ended after 120 s; ./anb logs up shows what it is doing."
            )
    click.echo("Accounts, votes and videos are kept for the next ./anb up.")


def _detach(folder: Path, options: UpOptions, demo: bool, console: Console) -> None:
    """Start the same command in a session of its own and show its progress until it is up."""
    file = StateFile(folder)
    with file.own():
        # Only to hear now, and not in the log of the one that is up, that there is one.
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
    console.print("It goes on in the background: ./anb status, ./anb logs, ./anb down.", style="dim")


def _follow(
    process: subprocess.Popen[bytes], file: StateFile, lines: Iterator[str], console: Console
) -> SystemState | None:
    """Show the lines of a supervisor until it says it is up; None when it ended instead."""
    while True:
        ended = process.poll() is not None
        state = file.read()
        up = state is not None and state.phase == RUNNING and state.supervisor.pid == process.pid
        # Read after the question: what was written before the answer is shown before we leave.
        for line in lines:
            console.print(line.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)
        if up:
            return state
        if ended:
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
    """Megabytes a process and its children hold."""
    total = 0
    process = psutil.Process(pid)
    for each in [process, *process.children(recursive=True)]:
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6
