"""Terraform comes from the PATH if new enough, else from a download with a pinned checksum."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workspace.errors import UserError
from workspace.ports import free_port
from workspace.terraform import CHECKSUMS, TerraformRelease, ensure_terraform, installed_version, this_platform

PROGRAM = '#!/bin/sh\necho \'{"terraform_version": "9.9.9"}\'\n'


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the URL of its file server."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def nothing_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def publish(folder: Path, base: str, *, checksum: str | None = None) -> TerraformRelease:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("LICENSE.txt", "")
        files.writestr("terraform", PROGRAM)
    (folder / "9.9.9").mkdir()
    (folder / f"9.9.9/terraform_9.9.9_{this_platform()}.zip").write_bytes(archive.getvalue())
    digest = checksum or hashlib.sha256(archive.getvalue()).hexdigest()
    return TerraformRelease(version="9.9.9", checksums={this_platform(): digest}, base=base)


def test_release_is_downloaded_once(served: tuple[Path, str], tmp_path: Path) -> None:
    release = publish(*served)
    program = ensure_terraform(tmp_path / "cache", release)
    assert program == tmp_path / "cache/9.9.9/terraform"
    assert b"9.9.9" in subprocess.run([program, "version"], capture_output=True, check=True).stdout
    (served[0] / f"9.9.9/terraform_9.9.9_{this_platform()}.zip").unlink()
    assert ensure_terraform(tmp_path / "cache", release) == program


def test_wrong_checksum_installs_nothing(served: tuple[Path, str], tmp_path: Path) -> None:
    release = publish(*served, checksum="0" * 64)
    with pytest.raises(UserError, match=r"is not Terraform 9.9.9: its SHA-256 is [0-9a-f]{64}, not 0{64}. Nothing"):
        ensure_terraform(tmp_path / "cache", release)
    assert not (tmp_path / "cache").exists()


def test_http_error_names_url_and_status(served: tuple[Path, str], tmp_path: Path) -> None:
    release = TerraformRelease(version="9.9.9", checksums={this_platform(): "0" * 64}, base=served[1])
    with pytest.raises(
        UserError, match=r"http://127.*/9.9.9/terraform_9.9.9_\w+.zip returned 404 .*ANB_TERRAFORM_MIRROR"
    ):
        ensure_terraform(tmp_path / "cache", release)


def test_unreachable_server_raises_user_error(tmp_path: Path) -> None:
    base = f"http://127.0.0.1:{free_port()}"
    release = TerraformRelease(version="9.9.9", checksums={this_platform(): "0" * 64}, base=base)
    with pytest.raises(UserError, match=rf"{base}/.* cannot be downloaded \(.*refused.*\). Install Terraform"):
        ensure_terraform(tmp_path / "cache", release)


def test_invalid_url_raises_user_error(tmp_path: Path) -> None:
    release = TerraformRelease(version="9.9.9", checksums={this_platform(): "0" * 64}, base="nonsense")
    with pytest.raises(UserError, match="nonsense/.* cannot be downloaded"):
        ensure_terraform(tmp_path / "cache", release)


def test_platform_without_a_release_raises_user_error(tmp_path: Path) -> None:
    release = TerraformRelease(version="9.9.9", checksums={"plan9_mips": "0" * 64}, base="http://127.0.0.1:1")
    with pytest.raises(UserError, match=f"not downloaded for {this_platform()}, only for plan9_mips"):
        ensure_terraform(tmp_path / "cache", release)


@pytest.mark.parametrize(
    ("version", "used"), [("1.11.0", True), ("1.15.2", True), ("1.11.0-rc1", True), ("1.10.5", False)]
)
def test_terraform_on_the_path_is_used_if_new_enough(
    nothing_on_the_path: Path, served: tuple[Path, str], tmp_path: Path, version: str, used: bool
) -> None:
    program = nothing_on_the_path / "terraform"
    program.write_text(PROGRAM.replace("9.9.9", version))
    program.chmod(0o755)
    chosen = ensure_terraform(tmp_path / "cache", publish(*served))
    assert (chosen == program) is used


def test_program_without_a_version_is_not_used(nothing_on_the_path: Path) -> None:
    program = nothing_on_the_path / "terraform"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    assert installed_version(program) == ()


def test_variable_overrides_the_download_url(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TerraformRelease.pinned().base == "https://releases.hashicorp.com/terraform"
    monkeypatch.setenv("ANB_TERRAFORM_MIRROR", "http://mirror.example/terraform")
    assert TerraformRelease.pinned().base == "http://mirror.example/terraform"


def test_pinned_checksums_are_sha256() -> None:
    assert set(CHECKSUMS) == {"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"}
    assert all(len(bytes.fromhex(checksum)) == 32 for checksum in CHECKSUMS.values())
