"""The release of this project, really built: reproducible, complete and small, for both architectures."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from rich.console import Console

from operations.release.build import Built, build
from operations.release.contents import AWS_SERVICES
from tests import doc_blocks
from workspace import paths

WHEELS = paths.CACHE_DIR / "wheels"
MACHINE = {"x86_64": 62, "arm64": 183}
"""ELF machine numbers by architecture."""
MOST_BYTES = {"portal": 40_000_000, "worker": 130_000_000}

CALL = """
import datetime, sys
sys.path[:0] = [sys.argv[1]]
import boto3, botocore, babel
assert botocore.__file__.startswith(sys.argv[1]) and babel.__file__.startswith(sys.argv[1])
known = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
for service in sys.argv[2].split(","):
    client = boto3.client(service, endpoint_url="http://127.0.0.1:9", **known)
    assert client.meta.service_model.operation_names
boto3.client("s3", **known).generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
from babel.dates import format_date
print(format_date(datetime.date(2026, 1, 2), locale="es"), format_date(datetime.date(2026, 1, 2), locale="en"))
"""


def build_for(architecture: str) -> tuple[Built, Path]:
    target = paths.CACHE_DIR / "release" / architecture
    return build(paths.ROOT, target, architecture, Console(stderr=True), wheels=WHEELS), target


@pytest.fixture(scope="module", params=list(MACHINE))
def built(request: pytest.FixtureRequest) -> tuple[Built, Path]:
    """The release as the command builds it, reusing unchanged parts."""
    return build_for(request.param)


def test_release_is_small_enough(built: tuple[Built, Path]) -> None:
    release, target = built
    for service, parts in release.parts.items():
        assert sum((target / part.file).stat().st_size for part in parts.values()) < MOST_BYTES[service]


def test_compiled_files_are_for_the_instances_architecture(built: tuple[Built, Path]) -> None:
    release, target = built
    for service in release.parts:
        compiled = set()
        with tarfile.open(target / f"{service}-dependencies.tar.gz") as opened:
            for entry in opened:
                start = opened.extractfile(entry).read(20)  # type: ignore[union-attr]
                if start.startswith(b"\x7fELF"):
                    compiled.add(entry.name)
                    assert struct.unpack_from("<H", start, 18) == (MACHINE[release.architecture],), entry.name
        assert len(compiled) > 10
        assert any("imageio_ffmpeg/binaries/ffmpeg-" in name for name in compiled) == (service == "worker")
        assert any(name.startswith("packages/av/") for name in compiled) == (service == "worker")


def test_code_archive_is_complete(built: tuple[Built, Path]) -> None:
    release, target = built
    with tarfile.open(target / "portal-code.tar.gz") as opened:
        names = set(opened.getnames())
        release_info = json.load(opened.extractfile("services/release.json"))  # type: ignore[arg-type]
    assert release_info == {"version": release.version, "commit": release.commit}
    assert {
        "services/environment.py",
        "services/shared/migrate.py",
        "services/migrations/001_create_users.up.sql",
        "services/portal/static/css/base.css",
        "services/portal/templates/layout.html",
        "services/portal/translations/es/LC_MESSAGES/messages.mo",
    } <= names
    assert not [name for name in names if "/worker/" in name or "__pycache__" in name]


def test_aws_clients_and_languages_work_from_the_archive(tmp_path: Path) -> None:
    _, target = build_for("x86_64")
    with tarfile.open(target / "portal-dependencies.tar.gz") as opened:
        opened.extractall(tmp_path, filter="data")
    command = [sys.executable, "-S", "-c", CALL, str(tmp_path / "packages"), ",".join(sorted(AWS_SERVICES))]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout) == (0, "2 ene 2026 Jan 2, 2026\n"), result.stderr


def clone(folder: Path) -> Path:
    """Clone the last commit, with the Pipfile.lock of the checkout."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", paths.ROOT, folder], check=True)
    shutil.copy(paths.ROOT / "Pipfile.lock", folder)
    return folder


def test_two_clones_build_identical_archives(tmp_path: Path) -> None:
    """Packages are rebuilt and compared with those of the checkout; code is built in both clones."""
    cached, cached_in = build_for("x86_64")
    first, second = tmp_path / "one", tmp_path / "two"
    one = build(clone(tmp_path / "first"), first, "x86_64", Console(stderr=True), wheels=WHEELS)
    shutil.copytree(first, second)
    for code in second.glob("*-code.*"):
        code.unlink()
    two = build(clone(tmp_path / "another" / "second"), second, "x86_64", Console(stderr=True), wheels=WHEELS)

    assert one == two
    for service, parts in one.parts.items():
        code, packages = parts["code"].file, parts["dependencies"].file
        assert parts["dependencies"] == cached.parts[service]["dependencies"]
        assert (first / packages).read_bytes() == (cached_in / packages).read_bytes()
        assert (first / code).read_bytes() == (second / code).read_bytes()


def test_command_in_the_documentation_works(built: tuple[Built, Path]) -> None:
    """A release that is already built, for any architecture, is not rebuilt."""
    (words,) = doc_blocks.anb("docs/deploy.md", "lane release: build")
    command = [paths.ROOT / "anb", *words, "--architecture", built[1].name]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
    assert all(f"{service} total" in result.stdout for service in built[0].parts)
    assert f"in .anb/release/{built[1].name}" in result.stdout
