"""Software: the built release on AWS, the source code on the emulator, an error when no release is built."""

from __future__ import annotations

import json
import pathlib

import pytest

from constructs_lib.foundation import cdk
from constructs_lib.testing import synth_stacks
from stacks.app import build
from stacks.release_artifacts import find_software, sources
from stacks.settings.loader import SettingsError
from stacks.settings.model import Settings
from tests import built_release

EMBEDDED = {"target": "embedded", "ami_id": "ami-12345678"}


def settings(**changes: object) -> Settings:
    return Settings.model_validate({"state_directory": "/states", **changes})


def test_aws_uses_the_built_release(tmp_path: pathlib.Path) -> None:
    folder = built_release.write(tmp_path / "built")
    changed = settings(release_directory=str(folder))
    software = find_software(changed)
    storage = synth_stacks(build(cdk.Testing.app(), changed, software))["storage"]

    assert str(software) == "Release 1.2.3 of commit abc"
    assert {each["key"] for each in storage.resources("aws_s3_object").values()} == {
        f"releases/{service}/{file}"
        for service in ("portal", "worker")
        for file in ("code.tar.gz", "dependencies.tar.gz", "release.json")
    }
    manifest = storage.has("aws_s3_object", key="releases/worker/release.json")
    assert json.loads(manifest["content"])["about"] == {"version": "1.2.3", "commit": "abc", "architecture": "x86_64"}


def test_emulator_uses_sources_unless_a_release_is_set(tmp_path: pathlib.Path) -> None:
    folder = built_release.write(tmp_path / "built")

    assert find_software(settings(**EMBEDDED)) == sources()
    assert set(find_software(settings(**EMBEDDED, release_directory=str(folder))).portal) == {"code", "dependencies"}


def test_missing_release_names_the_command_that_builds_it(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SettingsError) as caught:
        find_software(settings(release_directory=str(tmp_path)))

    assert str(caught.value) == (
        f"release_directory is '{tmp_path}'; must be a folder with a release for x86_64 (it has no release.json: the "
        "release is not built). Fix: run ./anb release."
    )


def test_release_for_another_architecture_is_rejected(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SettingsError, match=r"it was built for arm64\)\. Fix: run \./anb release\."):
        find_software(settings(release_directory=str(built_release.write(tmp_path, "arm64"))))
