"""The AWS provider comes from the user's configuration, a standard folder, a mirror nearby, or the registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.aws_provider import REGISTRY_PATH, ProviderSource, configuration, find_provider, provider_variables


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_the_users_own_configuration_is_respected(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "my.tfrc"
    file.touch()
    source = find_provider({"TF_CLI_CONFIG_FILE": str(file)}, home=home, searched=tmp_path)
    assert source == ProviderSource(f"as {file} says")
    assert provider_variables(source, tmp_path / "own") == {}


def test_so_is_the_one_in_the_home_folder(home: Path, tmp_path: Path) -> None:
    (home / ".terraformrc").touch()
    assert find_provider({}, home=home, searched=tmp_path).description == f"as {home / '.terraformrc'} says"


def test_a_standard_folder_needs_no_configuration(home: Path, tmp_path: Path) -> None:
    (home / ".terraform.d/plugins" / REGISTRY_PATH).mkdir(parents=True)
    source = find_provider({}, home=home, searched=tmp_path)
    assert source.description == f"from {home / '.terraform.d/plugins'}"
    assert provider_variables(source, tmp_path / "own") == {}


def test_a_mirror_one_level_down_is_named_to_terraform(home: Path, tmp_path: Path) -> None:
    (tmp_path / "some plugins" / REGISTRY_PATH / "5.100.0").mkdir(parents=True)
    source = find_provider({"TF_CLI_CONFIG_FILE": "/nonexistent"}, home=home, searched=tmp_path)
    assert source.mirror == tmp_path / "some plugins" and not source.downloaded
    variables = provider_variables(source, tmp_path / "own")
    text = Path(variables["TF_CLI_CONFIG_FILE"]).read_text()
    assert f'path    = "{tmp_path}/some plugins"' in text
    assert f'include = ["{REGISTRY_PATH}"]' in text


def test_otherwise_the_registry(home: Path, tmp_path: Path) -> None:
    source = find_provider({}, home=home, searched=tmp_path)
    assert source == ProviderSource("from the registry") and source.downloaded
    assert provider_variables(source, tmp_path / "own") == {}


def test_a_configuration_file_that_is_missing_is_replaced_by_an_empty_one(home: Path, tmp_path: Path) -> None:
    source = find_provider({"TF_CLI_CONFIG_FILE": "/nonexistent"}, home=home, searched=tmp_path)
    assert Path(provider_variables(source, tmp_path / "own")["TF_CLI_CONFIG_FILE"]).read_text() == ""


def test_quotes_in_a_path_are_escaped() -> None:
    assert 'path    = "/a \\"b\\""' in configuration(Path('/a "b"'))
