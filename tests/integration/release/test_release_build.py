"""Build a release with the real pip and git, from a package index in a folder."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from operations.release.build import Built, build, checkout, read, source_commit
from workspace.errors import UserError

COMPILED = "manylinux_2_28_x86_64.manylinux_2_17_x86_64"


def wheel(folder: Path, name: str, *, platform: str = "any", requires: str = "") -> str:
    """Create a wheel with one module; return its hash in pip's format."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    tag = f"py3-none-{platform}"
    files = {
        f"{name}/__init__.py": "HERE = True\n",
        f"{name}/__init__.pyi": "HERE: bool\n",
        f"{name}/tests/test_it.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:HERE\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            packed.writestr(path, text)
    (folder / f"{name}-1.0-{tag}.whl").write_bytes(content.getvalue())
    return f"sha256:{hashlib.sha256(content.getvalue()).hexdigest()}"


def git(project: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.example"]
    return subprocess.run(["git", *who, *arguments], cwd=project, check=True, capture_output=True, text=True).stdout


def make_project(folder: Path, sha256: str, name: str = "both") -> Path:
    files = {
        "pyproject.toml": '[project]\nversion = "1.2.3"\n',
        ".gitignore": "*.log\n",
        "services/environment.py": "",
        "services/shared/__init__.py": "",
        "services/contest/__init__.py": "",
        "services/videos/__init__.py": "",
        "services/consumer/__init__.py": "",
        "services/portal/templates/page.html": "<p>",
        "services/migrations/001.up.sql": "SELECT 1",
        "services/worker/job.py": "",
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    locked = {name: {"version": "==1.0", "hashes": [sha256], "markers": "python_version >= '3.13'"}}
    others = {"gone": {"version": "==1.0", "hashes": [sha256], "markers": "python_version < '3.13'"}}
    (folder / "Pipfile.lock").write_text(json.dumps({"portal": {**locked, **others}, "worker": locked}))
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first", "--date", "2026-01-01T00:00:00Z")
    return folder


def only_index(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Make pip use only the index in a folder."""
    patch.setenv("PIP_CONFIG_FILE", "/dev/null")
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", str(folder / "index"))
    return folder / "index"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return only_index(tmp_path, monkeypatch)


def run(project: Path, target: Path, architecture: str = "x86_64") -> Built:
    return build(project, target, architecture, Console(quiet=True), wheels=target.parent / "wheels")


def names(file: Path) -> set[str]:
    with tarfile.open(file) as opened:
        return set(opened.getnames())


@dataclass(frozen=True)
class BuiltProject:
    """A project and its release."""

    project: Path
    target: Path
    built: Built


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> BuiltProject:
    """A first build: pip downloads and installs the packages of both services."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        project = make_project(folder / "project", wheel(only_index(folder, patch), "both"))
        return BuiltProject(project, folder / "built", run(project, folder / "built"))


@pytest.fixture
def copy(first: BuiltProject, tmp_path: Path, index: Path) -> BuiltProject:
    """A copy to change, with an empty package index: only code can be rebuilt there."""
    project = Path(shutil.copytree(first.project, tmp_path / "project"))
    return BuiltProject(project, Path(shutil.copytree(first.target, tmp_path / "built")), first.built)


def test_release_has_code_and_packages_of_each_service(first: BuiltProject) -> None:
    target = first.target

    assert names(target / "portal-code.tar.gz") == {
        "services/environment.py",
        "services/shared/__init__.py",
        "services/contest/__init__.py",
        "services/videos/__init__.py",
        "services/portal/templates/page.html",
        "services/migrations/001.up.sql",
        "services/release.json",
    }
    assert names(target / "worker-code.tar.gz") == {
        "services/environment.py",
        "services/shared/__init__.py",
        "services/videos/__init__.py",
        "services/consumer/__init__.py",
        "services/worker/job.py",
        "services/release.json",
    }
    assert names(target / "worker-dependencies.tar.gz") == {
        "packages/both/__init__.py",
        "packages/both-1.0.dist-info/METADATA",
        "packages/both-1.0.dist-info/entry_points.txt",
    }
    assert first.built == read(target)
    assert (first.built.version, first.built.commit) == ("1.2.3", git(first.project, "rev-parse", "HEAD").strip())


def test_unchanged_packages_are_not_rebuilt(copy: BuiltProject) -> None:
    (copy.project / "services/worker/job.py").write_text("changed = True\n")
    second = run(copy.project, copy.target)

    assert {service: parts["dependencies"] for service, parts in second.parts.items()} == {
        service: parts["dependencies"] for service, parts in copy.built.parts.items()
    }
    assert second.parts["worker"]["code"].sha256 != copy.built.parts["worker"]["code"].sha256
    assert second.commit == f"{copy.built.commit}-modified"


def test_ignored_files_are_left_out_and_new_files_included(copy: BuiltProject) -> None:
    (copy.project / "services/worker/noise.log").touch()
    (copy.project / "services/worker/new.py").touch()
    run(copy.project, copy.target)

    found = names(copy.target / "worker-code.tar.gz")
    assert "services/worker/new.py" in found
    assert "services/worker/noise.log" not in found


def test_earlier_commit_builds_the_same_release(copy: BuiltProject) -> None:
    (copy.project / "services/worker/job.py").write_text("broken\n")
    git(copy.project, "commit", "--quiet", "--all", "--message", "second")
    with checkout(copy.project, copy.built.commit) as sources:
        again = run(sources, copy.target)

    assert again == copy.built
    assert git(copy.project, "worktree", "list").count("\n") == 1
    assert source_commit(copy.project) != copy.built.commit


def test_unknown_commit_is_an_error(tmp_path: Path, index: Path) -> None:
    project = make_project(tmp_path / "project", wheel(index, "both"))
    with (
        pytest.raises(UserError, match=r"commit is 'v9'; must be a hash, tag or branch of this clone"),
        checkout(project, "v9"),
    ):
        pass


def test_commit_with_another_layout_is_an_error(copy: BuiltProject) -> None:
    git(copy.project, "rm", "--quiet", "-r", "services/shared", "services/videos")
    git(copy.project, "commit", "--quiet", "--message", "second")
    with (
        pytest.raises(UserError, match=r"^Commit 'HEAD' cannot be built: its folder services has no shared, videos\. "),
        checkout(copy.project, "HEAD"),
    ):
        pass
    assert git(copy.project, "worktree", "list").count("\n") == 1


def test_package_without_a_matching_wheel_is_an_error(tmp_path: Path, index: Path) -> None:
    project = make_project(tmp_path / "project", wheel(index, "both", platform=COMPILED))

    assert run(project, tmp_path / "built").parts
    with pytest.raises(UserError, match=r"^both==1\.0 has no wheel for Python 3\.13 on arm64\.$"):
        run(project, tmp_path / "other", "arm64")


def test_package_with_another_hash_is_an_error(tmp_path: Path, index: Path) -> None:
    wheel(index, "both")
    project = make_project(tmp_path / "project", f"sha256:{'0' * 64}")

    with pytest.raises(UserError, match=r"^both==1\.0 is not the one Pipfile\.lock names"):
        run(project, tmp_path / "built")


def test_dependency_missing_in_the_lock_is_an_error(tmp_path: Path, index: Path) -> None:
    requires = 'Requires-Dist: absent>=2 ; python_version >= "3.13"\nRequires-Dist: windows ; sys_platform == "win32"\n'
    project = make_project(tmp_path / "project", wheel(index, "both", requires=requires))

    with pytest.raises(UserError, match="On an instance both requires absent>=2.*, and Pipfile.lock has none"):
        run(project, tmp_path / "built")


def test_unreachable_index_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "1",
    }.items():
        monkeypatch.setenv(name, value)
    project = make_project(tmp_path / "project", f"sha256:{'0' * 64}")

    with pytest.raises(UserError, match="^The package index cannot be reached; check the network"):
        run(project, tmp_path / "built")


def test_commit_is_unknown_without_git(tmp_path: Path) -> None:
    assert source_commit(tmp_path) == "unknown"
