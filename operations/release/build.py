"""Builds a release: for each service an archive of its code and one of its packages, and what people want to know."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from constructs_lib.compute import archive
from operations.release import contents, packages
from workspace.errors import UserError
from workspace.progress import step

MANIFEST = "release.json"
# Changes when this program would make something else of the same wheels. Read as the modules are imported.
_RECIPE = "".join(Path(str(module.__file__)).read_text() for module in (contents, packages, archive))


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuiltPart:
    """One archive.

    Args:
        file: its name.
        sha256: of the tar inside.
        bytes: its size, compressed.
        made_from: changes when it has to be made anew.
    """

    file: str
    sha256: str
    bytes: int
    made_from: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Built:
    """A release for one architecture.

    Args:
        version: from pyproject.toml.
        commit: of the sources; ends in ``-modified`` when they differ from it.
        architecture: of the instances.
        parts: of each service, by name.
    """

    version: str
    commit: str
    architecture: str
    parts: dict[str, dict[str, BuiltPart]]


def build(project: Path, target: Path, architecture: str, console: Console, *, wheels: Path) -> Built:
    """Build what changed since the last time.

    Args:
        project: the checkout.
        target: folder that gets the archives and ``release.json``.
        architecture: of the instances.
        console: where the progress is shown.
        wheels: folder that keeps what was downloaded.

    Raises:
        UserError: a package cannot be had.
    """
    target.mkdir(parents=True, exist_ok=True)
    known = read(target)
    version: str = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
    commit = source_commit(project)
    parts: dict[str, dict[str, BuiltPart]] = {}
    for service in contents.SERVICES:
        about = json.dumps({"version": version, "commit": commit}, indent=2).encode() + b"\n"
        code = _code(project, service, about, target)
        wanted = packages.requirements(packages.locked(project / "Pipfile.lock", service), architecture)
        made_from = hashlib.sha256(f"{_RECIPE}{architecture}{wanted}".encode()).hexdigest()
        former = known.parts[service]["dependencies"] if known else None
        if former and former.made_from == made_from and _is_whole(target, former):
            dependencies = former
        else:
            with (
                step(f"Packages of the {service} for {architecture}", console) as current,
                tempfile.TemporaryDirectory(dir=target) as workspace,
            ):
                folder = packages.fetch(wanted, architecture, wheels, Path(workspace), current.note)
                current.note("packing")
                dependencies = _pack({"packages": folder}, f"{service}-dependencies", target, made_from)
                current.note(f"{dependencies.bytes / 1e6:.1f} MB")
        parts[service] = {"code": code, "dependencies": dependencies}
    built = Built(version=version, commit=commit, architecture=architecture, parts=parts)
    unfinished = target / f"{MANIFEST}.unfinished"
    unfinished.write_text(json.dumps(dataclasses.asdict(built), indent=2) + "\n")
    unfinished.replace(target / MANIFEST)
    return built


@contextmanager
def checkout(project: Path, commit: str | None) -> Iterator[Path]:
    """The folder of a commit's sources; of the working copy without one.

    Raises:
        UserError: when git does not know the commit, or its lock has no sections for the services.
    """
    if commit is None:
        yield project
        return
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "sources"
        if _git(project, "worktree", "add", "--detach", str(sources), commit) is None:
            raise UserError(f"git has no commit {commit!r} here; allowed are hashes, tags and branches of this clone.")
        try:
            if not set(contents.SERVICES) <= set(json.loads((sources / "Pipfile.lock").read_text())):
                raise UserError(
                    f"Commit {commit!r} is older than releases: its Pipfile.lock does not say what runs where."
                )
            yield sources
        finally:
            _git(project, "worktree", "remove", "--force", str(sources))


def read(target: Path) -> Built | None:
    """The release a folder holds, if it holds one that this version can read."""
    try:
        given = json.loads((target / MANIFEST).read_text())
        parts = {
            service: {name: BuiltPart(**part) for name, part in given["parts"][service].items()}
            for service in contents.SERVICES
        }
        return Built(**{**given, "parts": parts})
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def sources(project: Path, service: str) -> Iterator[Path]:
    """The files of a service's code: what git keeps or could keep, or every file where there is no git."""
    folder = project / "services"
    wanted = contents.SERVICES[service]
    found = _git(project, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "services")
    every = archive.files(folder) if found is None else (project / name for name in found.split("\0") if name)
    for file in every:
        inside = file.relative_to(folder)
        if file.is_file() and (len(inside.parts) == 1 or inside.parts[0] in wanted):
            yield file


def source_commit(project: Path) -> str:
    """The commit of the sources, and whether they differ from it; ``unknown`` where there is no git."""
    commit = _git(project, "rev-parse", "HEAD")
    if commit is None:
        return "unknown"
    changed = _git(project, "status", "--porcelain", "--", "services", "Pipfile.lock", "pyproject.toml")
    return commit.strip() + ("-modified" if changed else "")


def _code(project: Path, service: str, about: bytes, target: Path) -> BuiltPart:
    files: dict[str, Path | bytes] = {file.relative_to(project).as_posix(): file for file in sources(project, service)}
    return _pack({**files, "services/release.json": about}, f"{service}-code", target, "")


def _pack(files: dict[str, Path | bytes] | dict[str, Path], name: str, target: Path, made_from: str) -> BuiltPart:
    file = target / f"{name}{archive.SUFFIX}"
    unfinished = target / f"{name}.unfinished"
    sha256 = archive.pack(files, unfinished)
    unfinished.replace(file)
    return BuiltPart(file=file.name, sha256=sha256, bytes=file.stat().st_size, made_from=made_from)


def _is_whole(target: Path, part: BuiltPart) -> bool:
    file = target / part.file
    return file.is_file() and file.stat().st_size == part.bytes


def _git(project: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    result = subprocess.run([git, *arguments], cwd=project, capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 else None
