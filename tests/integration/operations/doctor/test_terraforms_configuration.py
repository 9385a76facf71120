"""Where Terraform takes the provider from is asked of Terraform itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.doctor import programs
from operations.doctor.findings import Level
from workspace import aws_provider


def test_what_the_users_configuration_says_terraform_itself_tries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = programs.shutil.which("terraform")
    assert program, "the lanes need Terraform"
    (tmp_path / "empty").mkdir()
    file = tmp_path / "mine.tfrc"
    file.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{tmp_path / "empty"}" }} }}\n')
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(file))
    assert aws_provider.detect_provider().description == f"as configured in {file}"

    found = programs.provider_by_terraform(Path(program), "5.100.0", tmp_path / "tried")

    assert found.level is Level.PROBLEM
    assert found.says.startswith(
        f"Terraform does not get 5.100.0 as configured in {file}: Error: Failed to query available"
    )
    assert f"Mend provider_installation in {file}" in found.mend
