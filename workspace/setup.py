"""Create `.venv` from Pipfile.lock. `anb` runs this with the system's Python: standard library only.

A completed setup copies the lock file to `.venv/installed.lock`; `anb` compares the two at every start.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PIPENV = "pipenv==2026.10.3"
CATEGORIES = "packages dev-packages portal worker"
"""Sections of Pipfile to install. Instances get only their service's section; this machine gets all."""
HINTS = {
    "ensurepip is not": "Python lacks its venv module; on Debian and Ubuntu: apt-get install python3-venv.",
    "No space left on device": "The disk is full.",
    "Could not find a version": "The package index pip is set up with lacks a package; see pip config list.",
    "NewConnectionError": "The package index cannot be reached; check the network and pip config list.",
    "DO NOT MATCH THE HASHES": "A package is not the one Pipfile.lock names; the package index serves something else.",
}


class SetupError(Exception):
    """The setup failed; the text says why."""


def set_up(project: Path) -> None:
    """Install the packages of Pipfile.lock into `.venv`, once, even if started concurrently.

    Args:
        project: Folder of Pipfile.lock.

    Raises:
        SetupError: A step failed.
    """
    cache = project / ".anb"
    cache.mkdir(exist_ok=True)
    with (cache / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(project):
            return
        write_line("First use or changed Pipfile.lock: installing into .venv and .anb of the project.")
        install_pipenv(cache)
        install_packages(project, cache)


def is_installed(project: Path) -> bool:
    """Whether `.venv` is complete and matches the lock file."""
    try:
        return (project / ".venv/installed.lock").read_bytes() == (project / "Pipfile.lock").read_bytes()
    except FileNotFoundError:
        return False


def install_pipenv(cache: Path) -> None:
    """Install pipenv into its own virtual environment, so that the system and the user's packages stay untouched."""
    folder = cache / "pipenv"
    marker = folder / f"{PIPENV}.installed"
    if marker.exists() and os.access(folder / "bin/python", os.X_OK):
        return
    log = cache / "setup.log"
    run("Creating the environment for pipenv", [sys.executable, "-m", "venv", "--clear", folder], log=log)
    pip: list[str | Path] = [
        folder / "bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        PIPENV,
    ]
    run(f"Installing {PIPENV}", pip, log=log)
    marker.touch()


def install_packages(project: Path, cache: Path) -> None:
    """Create `.venv` with pipenv; remove the remains of an interrupted setup first."""
    venv = project / ".venv"
    unfinished = cache / "unfinished"
    if unfinished.exists():
        shutil.rmtree(venv, ignore_errors=True)
    unfinished.touch()
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PIPENV_", "PYTHONHOME"))}
    variables.pop("VIRTUAL_ENV", None)
    variables |= {
        "PIPENV_PIPFILE": str(project / "Pipfile"),
        "PIPENV_VENV_IN_PROJECT": "1",
        "PIPENV_IGNORE_VIRTUALENVS": "1",
        "PIPENV_NOSPIN": "1",
        "PIPENV_YES": "1",
        "PIPENV_DONT_LOAD_ENV": "1",
    }
    command: list[str | Path] = [cache / "pipenv/bin/python", "-m", "pipenv", "sync"]
    command += ["--categories", CATEGORIES, "--python", sys.executable]
    run("Installing the packages of Pipfile.lock", command, log=cache / "setup.log", directory=project, env=variables)
    shutil.copyfile(project / "Pipfile.lock", venv / "installed.lock")
    unfinished.unlink()


def run(
    title: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    directory: Path | None = None,
    env: dict[str, str] | None = None,
) -> None:
    """Run one step and show its duration.

    Args:
        title: Label of the step.
        command: Command line.
        log: File for its output.
        directory: Working directory.
        env: Environment variables. Default: those of this process.

    Raises:
        SetupError: The step failed; includes the end of its output and the fix if known.
    """
    started = time.monotonic()
    terminal = sys.stderr.isatty()
    if not terminal:
        write_line(f"  {title} ...")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=env,
        )
        try:
            while process.poll() is None:
                if terminal:
                    write_line(f"\r  {title} ... {time.monotonic() - started:.0f} s ", end="")
                time.sleep(0.2)
        except BaseException:
            process.kill()
            raise
    write_line(f"{chr(13) if terminal else ''}  {title}: {time.monotonic() - started:.0f} s      ")
    if process.returncode != 0:
        raise SetupError(explain(title, log.read_text(errors="replace"), log))


def explain(title: str, output: str, log: Path) -> str:
    """Format the error of a failed step: the end of its output, and the fix if the cause is known."""
    hint = next((hint for pattern, hint in HINTS.items() if pattern in output), "Run ./anb to try again.")
    end = "\n".join(f"    {line}" for line in output.strip().splitlines()[-12:])
    return f"{title} failed:\n{end}\n{hint} Full output: {log}"


def write_line(text: str, *, end: str = "\n") -> None:
    sys.stderr.write(text + end)
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        set_up(Path(__file__).resolve().parent.parent)
    except SetupError as error:
        write_line(f"Error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        write_line("\nInterrupted; the next ./anb restarts the setup.")
        sys.exit(130)
