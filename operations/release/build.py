"""Build a release: for each service an archive of its code and one of its packages, and a manifest."""

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
# Part of the cache key: changed build code may produce other archives from the same wheels.
_RECIPE = "".join(Path(str(module.__file__)).read_text() for module in (contents, packages, archive))


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuiltPart:
    """One archive.

    Args:
        file: File name.
        sha256: SHA-256 of the uncompressed tar.
        bytes: Compressed size in bytes.
        made_from: Hash of the inputs; the archive is rebuilt if it changes.
    """

    file: str
    sha256: str
    bytes: int
    made_from: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Built:
    """A release for one architecture.

    Args:
        version: Version from pyproject.toml.
        commit: Commit of the sources, with the suffix ``-modified`` if they differ from it.
        architecture: Architecture of the instances.
        parts: Archives by service and part name.
    """

    version: str
    commit: str
    architecture: str
    parts: dict[str, dict[str, BuiltPart]]


def build(project: Path, target: Path, architecture: str, console: Console, *, wheels: Path) -> Built:
    """Build the parts that changed since the last build.

    Args:
        project: Folder of the checkout.
        target: Folder for the archives and ``release.json``.
        architecture: Architecture of the instances.
        console: Where progress is shown.
        wheels: Cache folder of downloaded wheels.

    Raises:
        UserError: A package is not available.
    """
    target.mkdir(parents=True, exist_ok=True)
    previous = read(target)
    version: str = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
    commit = source_commit(project)
    parts: dict[str, dict[str, BuiltPart]] = {}
    for service in contents.SERVICES:
        release_info = json.dumps({"version": version, "commit": commit}, indent=2).encode() + b"\n"
        code = _pack_code(project, service, release_info, target)
        requirements = packages.requirements(
            packages.read_lock_section(project / "Pipfile.lock", service), architecture
        )
        made_from = hashlib.sha256(f"{_RECIPE}{architecture}{requirements}".encode()).hexdigest()
        cached = previous.parts[service]["dependencies"] if previous else None
        if cached and cached.made_from == made_from and _is_complete(target, cached):
            dependencies = cached
        else:
            with (
                step(f"Packages of the {service} for {architecture}", console) as current,
                tempfile.TemporaryDirectory(dir=target) as workspace,
            ):
                folder = packages.download(requirements, architecture, wheels, Path(workspace), current.note)
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
    """Check out a commit into a temporary folder; yield that folder, or the working copy if no commit is given.

    Raises:
        UserError: The commit does not exist, or the services have another layout there.
    """
    if commit is None:
        yield project
        return
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "sources"
        if _git(project, "worktree", "add", "--detach", str(sources), commit) is None:
            raise UserError(f"commit is {commit!r}; must be a hash, tag or branch of this clone.")
        try:
            if not set(contents.SERVICES) <= set(json.loads((sources / "Pipfile.lock").read_text())):
                raise UserError(
                    f"Commit {commit!r} cannot be built: its Pipfile.lock has no sections for the services."
                )
            folders = {folder for packages_of_service in contents.SERVICES.values() for folder in packages_of_service}
            missing = sorted(folder for folder in folders if not (sources / "services" / folder).is_dir())
            if missing:
                # Its archives would lack modules, and the commands of the stacks would not exist in it.
                raise UserError(
                    f"Commit {commit!r} cannot be built: its folder services has no {', '.join(missing)}. "
                    f"Fix: run git checkout {commit}, then ./anb deploy."
                )
            yield sources
        finally:
            _git(project, "worktree", "remove", "--force", str(sources))


def read(target: Path) -> Built | None:
    """Read the manifest of a release; None if it is missing or has another format."""
    try:
        manifest = json.loads((target / MANIFEST).read_text())
        parts = {
            service: {name: BuiltPart(**part) for name, part in manifest["parts"][service].items()}
            for service in contents.SERVICES
        }
        return Built(**{**manifest, "parts": parts})
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def source_files(project: Path, service: str) -> Iterator[Path]:
    """Yield the source files of a service: all files that git does not ignore, or all without git."""
    folder = project / "services"
    packages_of_service = contents.SERVICES[service]
    listed = _git(project, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "services")
    files = archive.list_files(folder) if listed is None else (project / name for name in listed.split("\0") if name)
    for file in files:
        relative = file.relative_to(folder)
        if file.is_file() and (len(relative.parts) == 1 or relative.parts[0] in packages_of_service):
            yield file


def source_commit(project: Path) -> str:
    """Return the commit of the sources, with ``-modified`` if they differ; ``unknown`` without git."""
    commit = _git(project, "rev-parse", "HEAD")
    if commit is None:
        return "unknown"
    changed = _git(project, "status", "--porcelain", "--", "services", "Pipfile.lock", "pyproject.toml")
    return commit.strip() + ("-modified" if changed else "")


def _pack_code(project: Path, service: str, release_info: bytes, target: Path) -> BuiltPart:
    files: dict[str, Path | bytes] = {
        file.relative_to(project).as_posix(): file for file in source_files(project, service)
    }
    return _pack({**files, "services/release.json": release_info}, f"{service}-code", target, "")


def _pack(files: dict[str, Path | bytes] | dict[str, Path], name: str, target: Path, made_from: str) -> BuiltPart:
    file = target / f"{name}{archive.SUFFIX}"
    unfinished = target / f"{name}.unfinished"
    sha256 = archive.pack(files, unfinished)
    unfinished.replace(file)
    return BuiltPart(file=file.name, sha256=sha256, bytes=file.stat().st_size, made_from=made_from)


def _is_complete(target: Path, part: BuiltPart) -> bool:
    file = target / part.file
    return file.is_file() and file.stat().st_size == part.bytes


def _git(project: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    result = subprocess.run([git, *arguments], cwd=project, capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 else None
