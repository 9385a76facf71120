"""A user's Terraform configuration is checked by running Terraform."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.doctor import programs
from operations.doctor.findings import Level
from workspace import aws_provider


def test_configured_mirror_without_the_provider_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = programs.shutil.which("terraform")
    assert program, "the test needs Terraform"
    (tmp_path / "empty").mkdir()
    file = tmp_path / "mine.tfrc"
    file.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{tmp_path / "empty"}" }} }}\n')
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(file))
    assert aws_provider.detect_provider().description == f"as configured in {file}"

    finding = programs.check_configured_provider(Path(program), "5.100.0", tmp_path / "provider")

    assert finding.level is Level.PROBLEM
    assert finding.message.startswith(
        f"Terraform cannot get 5.100.0 with the configuration in {file}: Error: Failed to query available"
    )
    assert f"Correct provider_installation in {file}" in finding.fix
