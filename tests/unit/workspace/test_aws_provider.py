"""The AWS provider comes from the user's configuration, a standard folder, a local mirror, or the registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.aws_provider import (
    REGISTRY_PATH,
    ProviderSource,
    find_provider,
    provider_variables,
    render_configuration,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_configuration_of_the_user_is_used(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "my.tfrc"
    file.touch()
    source = find_provider({"TF_CLI_CONFIG_FILE": str(file)}, home=home, search_root=tmp_path)
    assert source == ProviderSource(f"as configured in {file}")
    assert provider_variables(source, tmp_path / "cache") == {}


def test_configuration_in_the_home_folder_is_used(home: Path, tmp_path: Path) -> None:
    (home / ".terraformrc").touch()
    assert find_provider({}, home=home, search_root=tmp_path).description == f"as configured in {home / '.terraformrc'}"


def test_standard_folder_needs_no_configuration(home: Path, tmp_path: Path) -> None:
    (home / ".terraform.d/plugins" / REGISTRY_PATH).mkdir(parents=True)
    source = find_provider({}, home=home, search_root=tmp_path)
    assert source.description == f"from {home / '.terraform.d/plugins'}"
    assert provider_variables(source, tmp_path / "cache") == {}


def test_mirror_below_the_search_root_is_configured(home: Path, tmp_path: Path) -> None:
    (tmp_path / "some plugins" / REGISTRY_PATH / "5.100.0").mkdir(parents=True)
    source = find_provider({"TF_CLI_CONFIG_FILE": "/nonexistent"}, home=home, search_root=tmp_path)
    assert source.mirror == tmp_path / "some plugins" and not source.downloaded
    variables = provider_variables(source, tmp_path / "cache")
    text = Path(variables["TF_CLI_CONFIG_FILE"]).read_text()
    assert f'path    = "{tmp_path}/some plugins"' in text
    assert f'include = ["{REGISTRY_PATH}"]' in text


def test_registry_is_the_default(home: Path, tmp_path: Path) -> None:
    source = find_provider({}, home=home, search_root=tmp_path)
    assert source == ProviderSource("from the registry") and source.downloaded
    assert provider_variables(source, tmp_path / "cache") == {}


def test_missing_configuration_file_is_replaced_by_an_empty_one(home: Path, tmp_path: Path) -> None:
    source = find_provider({"TF_CLI_CONFIG_FILE": "/nonexistent"}, home=home, search_root=tmp_path)
    assert Path(provider_variables(source, tmp_path / "cache")["TF_CLI_CONFIG_FILE"]).read_text() == ""


def test_quotes_in_a_path_are_escaped() -> None:
    assert 'path    = "/a \\"b\\""' in render_configuration(Path('/a "b"'))
