"""The first use: makes `.venv` from Pipfile.lock. Run by `anb` with the system's Python, so the standard library only.

A complete set-up leaves a copy of the lock file in `.venv/installed.lock`; `anb` compares it at every start.
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
"""The sections of Pipfile. The services' are what their instances get; on one machine all are installed."""
HINTS = {
    "ensurepip is not": "Python lacks its venv module; on Debian and Ubuntu: apt-get install python3-venv.",
    "No space left on device": "The disk is full.",
    "Could not find a version": "The package index pip is set up with lacks a package; see pip config list.",
    "NewConnectionError": "The package index cannot be reached; check the network and pip config list.",
    "DO NOT MATCH THE HASHES": "A package is not the one Pipfile.lock names; the package index serves something else.",
}


class SetupProblem(Exception):
    """The set-up cannot go on; the text says why."""


def set_up(project: Path) -> None:
    """Bring `.venv` to what Pipfile.lock says, once, even when several starts ask for it.

    Args:
        project: the folder of Pipfile.lock.

    Raises:
        SetupProblem: a step failed.
    """
    own = project / ".anb"
    own.mkdir(exist_ok=True)
    with (own / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(project):
            return
        say("First use, or a new Pipfile.lock: installing into .venv and .anb of the project.")
        install_pipenv(own)
        install_packages(project, own)


def is_installed(project: Path) -> bool:
    """Whether `.venv` is complete and made from this very lock file."""
    try:
        return (project / ".venv/installed.lock").read_bytes() == (project / "Pipfile.lock").read_bytes()
    except FileNotFoundError:
        return False


def install_pipenv(own: Path) -> None:
    """Give pipenv an environment of its own, so that nothing of the system's or the user's is touched."""
    folder = own / "pipenv"
    marker = folder / f"{PIPENV}.installed"
    if marker.exists() and os.access(folder / "bin/python", os.X_OK):
        return
    log = own / "setup.log"
    run("Making an environment for pipenv", [sys.executable, "-m", "venv", "--clear", folder], log=log)
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


def install_packages(project: Path, own: Path) -> None:
    """Make `.venv` with pipenv. What an interrupted set-up left behind is removed first."""
    venv = project / ".venv"
    unfinished = own / "unfinished"
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
    command: list[str | Path] = [own / "pipenv/bin/python", "-m", "pipenv", "sync"]
    command += ["--categories", CATEGORIES, "--python", sys.executable]
    run("Installing the packages of Pipfile.lock", command, log=own / "setup.log", directory=project, env=variables)
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
    """Run one step and show how long it takes.

    Args:
        title: what people read.
        command: what is run.
        log: file that gets its output.
        directory: where it runs.
        env: its environment; by default ours.

    Raises:
        SetupProblem: when it fails, with the end of its output and, where known, how to mend it.
    """
    started = time.monotonic()
    terminal = sys.stderr.isatty()
    if not terminal:
        say(f"  {title} ...")
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
                    say(f"\r  {title} ... {time.monotonic() - started:.0f} s ", end="")
                time.sleep(0.2)
        except BaseException:
            process.kill()
            raise
    say(f"{chr(13) if terminal else ''}  {title}: {time.monotonic() - started:.0f} s      ")
    if process.returncode != 0:
        raise SetupProblem(explain(title, log.read_text(errors="replace"), log))


def explain(title: str, output: str, log: Path) -> str:
    """What a failed step tells the user: the end of its output, and how to mend it where the cause is known."""
    hint = next((hint for sign, hint in HINTS.items() if sign in output), "Run ./anb again to try once more.")
    end = "\n".join(f"    {line}" for line in output.strip().splitlines()[-12:])
    return f"{title} failed:\n{end}\n{hint} The whole output is in {log}."


def say(text: str, *, end: str = "\n") -> None:
    sys.stderr.write(text + end)
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        set_up(Path(__file__).resolve().parent.parent)
    except SetupProblem as problem:
        say(f"Error: {problem}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("\nInterrupted; the next ./anb starts the set-up again.")
        sys.exit(130)
