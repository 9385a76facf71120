"""A service's packages for the instances' Python, from wheels alone: nothing is compiled, nothing of this machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from operations.release.contents import is_needed
from workspace.errors import UserError
from workspace.file_lock import lock

PYTHON = "3.13"
NEWEST_GLIBC = 41
"""Of Debian 13, as ``2.41``: a wheel may ask for it or an older one."""
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""AWS's names of the architectures, and Python's."""

_LEGACY = {"x86_64": ("manylinux2014", "manylinux2010", "manylinux1"), "aarch64": ("manylinux2014",)}
_FAILURES = (
    ("No matching distribution found for", "has no wheel for Python {python} on {architecture}"),
    ("DO NOT MATCH THE HASHES", "is not the one Pipfile.lock names; the package index serves something else"),
    ("No space left on device", "does not fit on the disk"),
)


def target(architecture: str) -> dict[str, str]:
    """What markers in a lock or a wheel see on an instance."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{PYTHON}.0",
        "os_name": "posix",
        "platform_machine": MACHINES[architecture],
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{PYTHON}.0",
        "python_version": PYTHON,
        "sys_platform": "linux",
        "extra": "",
    }


def requirements(locked: Mapping[str, Mapping[str, Any]], architecture: str) -> str:
    """The packages of a section of Pipfile.lock that an instance needs, each with its version and hashes, for pip."""
    on_instance = target(architecture)
    lines = []
    for name, entry in sorted(locked.items()):
        if "markers" in entry and not Marker(entry["markers"]).evaluate(on_instance):
            continue
        hashes = " ".join(f"--hash={each}" for each in sorted(entry["hashes"]))
        lines.append(f"{name}{entry['version']} {hashes}\n")
    return "".join(lines)


def fetch(wanted: str, architecture: str, wheels: Path, workspace: Path, note: Callable[[str], None]) -> Path:
    """Download the wheels that are not there yet, compare their hashes, and unpack what is needed of them.

    Args:
        wanted: the packages, as ``requirements`` writes them.
        architecture: of the instances.
        wheels: folder that keeps the wheels.
        workspace: an empty folder.
        note: is told which package is under way.

    Returns:
        The folder to import from.

    Raises:
        UserError: pip failed, or the wheels ask for a package that is not locked.
    """
    wheels.mkdir(parents=True, exist_ok=True)
    listed = workspace / "requirements.txt"
    listed.write_text(wanted)
    folder = workspace / "packages"
    from_wheels: list[str | Path] = ["--no-index", "--find-links", wheels, "--requirement", listed]
    # pip writes a wheel where it is read, so that another build could read half of one.
    with lock(wheels.with_suffix(".lock")):
        _pip("download", ["--dest", wheels, "--requirement", listed], architecture, note)
        _pip("install", ["--target", folder, "--no-compile", *from_wheels], architecture, note)
    check_complete(folder, architecture)
    for file in [each for each in folder.rglob("*") if each.is_file()]:
        if not is_needed(PurePosixPath(file.relative_to(folder).as_posix())):
            file.unlink()
    return folder


def check_complete(folder: Path, architecture: str) -> None:
    """Refuse packages that ask for one that is not there: the lock was made by another Python than the instances'.

    Raises:
        UserError: names what is missing, and who asks for it.
    """
    on_instance = target(architecture)
    distributions = list(metadata.distributions(path=[str(folder)]))
    present = {canonicalize_name(each.metadata["Name"]): each.version for each in distributions}
    for each in distributions:
        for text in each.requires or []:
            asked = Requirement(text)
            if asked.marker and not asked.marker.evaluate(on_instance):
                continue
            version = present.get(canonicalize_name(asked.name))
            if version is None or not asked.specifier.contains(version, prereleases=True):
                raise UserError(
                    f"On an instance {each.metadata['Name']} asks for {text}, and Pipfile.lock has "
                    f"{version or 'none'}. Name it in that service's section of Pipfile and lock anew."
                )


def _pip(command: str, arguments: Sequence[str | Path], architecture: str, note: Callable[[str], None]) -> None:
    machine = MACHINES[architecture]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC, 4, -1)]
    platforms += [f"{legacy}_{machine}" for legacy in _LEGACY[machine]]
    whole = [sys.executable, "-m", "pip", command, "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    whole += [
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={PYTHON}",
    ]
    whole += [f"--abi={abi}" for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none")]
    whole += [f"--platform={platform}" for platform in platforms]
    whole += [str(argument) for argument in arguments]
    lines: list[str] = []
    with subprocess.Popen(
        whole, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            lines.append(line.strip())
            if found := re.match(r"(?:Collecting|Processing|Saved) (?:\S*/)?([\w.+-]+)", line):
                note(found[1])
    if running.returncode != 0:
        raise UserError(explain(lines, architecture))


def explain(lines: Sequence[str], architecture: str) -> str:
    """Why pip failed, in one sentence.

    Args:
        lines: what it said.
        architecture: of the instances.
    """
    text = "\n".join(lines)
    if "connection broken by" in text and "(from versions: none)" in text:
        return "The package index cannot be reached; check the network and pip config list, and build again."
    for sign, sentence in _FAILURES:
        if sign in text:
            around = text[max(0, text.index(sign) - 500) :]
            named = re.search(r"([A-Za-z][\w.-]*==[\w.+!-]+)", around)
            package = named[1] if named else "A package"
            return f"{package} {sentence.format(python=PYTHON, architecture=architecture)}."
    errors = [line for line in lines if line.startswith("ERROR")] or list(lines[-1:])
    return f"pip could not fetch the packages: {' '.join(errors)[-600:]}"


def locked(lock: Path, service: str) -> dict[str, dict[str, Any]]:
    """The section of a service in Pipfile.lock."""
    section: dict[str, dict[str, Any]] = json.loads(lock.read_text())[service]
    return section
