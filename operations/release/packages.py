"""Install a service's packages for the instances' Python, from wheels only: nothing is compiled on this machine."""

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
"""Minor version of Debian 13's glibc (``2.41``): the newest that a wheel may require."""
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Python's machine name by AWS architecture."""

_LEGACY = {"x86_64": ("manylinux2014", "manylinux2010", "manylinux1"), "aarch64": ("manylinux2014",)}
_FAILURES = (
    ("No matching distribution found for", "has no wheel for Python {python} on {architecture}"),
    ("DO NOT MATCH THE HASHES", "is not the one Pipfile.lock names; the package index serves something else"),
    ("No space left on device", "does not fit on the disk"),
)


def marker_environment(architecture: str) -> dict[str, str]:
    """Return the environment of an instance, for evaluating dependency markers."""
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
    """Render a section of Pipfile.lock as pip requirements with versions and hashes, for an instance."""
    environment = marker_environment(architecture)
    lines = []
    for name, entry in sorted(locked.items()):
        if "markers" in entry and not Marker(entry["markers"]).evaluate(environment):
            continue
        hashes = " ".join(f"--hash={digest}" for digest in sorted(entry["hashes"]))
        lines.append(f"{name}{entry['version']} {hashes}\n")
    return "".join(lines)


def download(
    required: str, architecture: str, wheels: Path, workspace: Path, on_progress: Callable[[str], None]
) -> Path:
    """Download missing wheels, verify their hashes, and unpack the files that are needed at run time.

    Args:
        required: Requirements from ``requirements``.
        architecture: Architecture of the instances.
        wheels: Cache folder of wheels.
        workspace: Empty folder.
        on_progress: Called with the name of each package.

    Returns:
        Folder to import the packages from.

    Raises:
        UserError: pip failed, or a wheel requires a package that is not locked.
    """
    wheels.mkdir(parents=True, exist_ok=True)
    requirements_file = workspace / "requirements.txt"
    requirements_file.write_text(required)
    folder = workspace / "packages"
    from_wheels: list[str | Path] = ["--no-index", "--find-links", wheels, "--requirement", requirements_file]
    # pip writes wheels in place, so a concurrent build could read a partial one.
    with lock(wheels.with_suffix(".lock")):
        _pip("download", ["--dest", wheels, "--requirement", requirements_file], architecture, on_progress)
        _pip("install", ["--target", folder, "--no-compile", *from_wheels], architecture, on_progress)
    check_complete(folder, architecture)
    for file in [each for each in folder.rglob("*") if each.is_file()]:
        if not is_needed(PurePosixPath(file.relative_to(folder).as_posix())):
            file.unlink()
    return folder


def check_complete(folder: Path, architecture: str) -> None:
    """Check that all dependencies are installed: Pipfile.lock may come from another Python than the instances'.

    Raises:
        UserError: A package requires another one that is missing.
    """
    environment = marker_environment(architecture)
    distributions = list(metadata.distributions(path=[str(folder)]))
    present = {canonicalize_name(each.metadata["Name"]): each.version for each in distributions}
    for each in distributions:
        for text in each.requires or []:
            requirement = Requirement(text)
            if requirement.marker and not requirement.marker.evaluate(environment):
                continue
            version = present.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                raise UserError(
                    f"On an instance {each.metadata['Name']} requires {text}, and Pipfile.lock has "
                    f"{version or 'none'}. Fix: add it to that service's section of Pipfile and update the lock."
                )


def _pip(command: str, arguments: Sequence[str | Path], architecture: str, on_progress: Callable[[str], None]) -> None:
    machine = MACHINES[architecture]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC, 4, -1)]
    platforms += [f"{legacy}_{machine}" for legacy in _LEGACY[machine]]
    command_line = [
        sys.executable,
        "-m",
        "pip",
        command,
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
    ]
    command_line += [
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={PYTHON}",
    ]
    command_line += [f"--abi={abi}" for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none")]
    command_line += [f"--platform={platform}" for platform in platforms]
    command_line += [str(argument) for argument in arguments]
    lines: list[str] = []
    with subprocess.Popen(
        command_line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.strip())
            if match := re.match(r"(?:Collecting|Processing|Saved) (?:\S*/)?([\w.+-]+)", line):
                on_progress(match[1])
    if process.returncode != 0:
        raise UserError(explain(lines, architecture))


def explain(lines: Sequence[str], architecture: str) -> str:
    """Explain in one sentence why pip failed.

    Args:
        lines: Output of pip.
        architecture: Architecture of the instances.
    """
    text = "\n".join(lines)
    if "connection broken by" in text and "(from versions: none)" in text:
        return "The package index cannot be reached; check the network and pip config list, and try again."
    for pattern, sentence in _FAILURES:
        if pattern in text:
            context = text[max(0, text.index(pattern) - 500) :]
            match = re.search(r"([A-Za-z][\w.-]*==[\w.+!-]+)", context)
            package = match[1] if match else "A package"
            return f"{package} {sentence.format(python=PYTHON, architecture=architecture)}."
    errors = [line for line in lines if line.startswith("ERROR")] or list(lines[-1:])
    return f"pip could not download the packages: {' '.join(errors)[-600:]}"


def read_lock_section(lock_file: Path, service: str) -> dict[str, dict[str, Any]]:
    """Read a service's section of Pipfile.lock."""
    section: dict[str, dict[str, Any]] = json.loads(lock_file.read_text())[service]
    return section
