"""Software: what was built for AWS, the sources where instances are pretended, and words for what is missing."""

from __future__ import annotations

import json
import pathlib

import pytest

from constructs_lib.foundation import cdk
from constructs_lib.testing import synth_stacks
from stacks.app import build
from stacks.release_artifacts import find, sources
from stacks.settings.loader import SettingsError
from stacks.settings.model import Settings
from tests import built_release

EMBEDDED = {"target": "embedded", "ami_id": "ami-12345678"}


def settings(**changes: object) -> Settings:
    return Settings.model_validate({"state_directory": "/states", **changes})


def test_aws_gets_the_release_that_was_built(tmp_path: pathlib.Path) -> None:
    folder = built_release.write(tmp_path / "built")
    changed = settings(release_directory=str(folder))
    found = find(changed)
    storage = synth_stacks(build(cdk.Testing.app(), changed, found))["storage"]

    assert str(found) == "Release 1.2.3 of commit abc"
    assert {each["key"] for each in storage.resources("aws_s3_object").values()} == {
        f"releases/{service}/{file}"
        for service in ("portal", "worker")
        for file in ("code.tar.gz", "dependencies.tar.gz", "release.json")
    }
    manifest = storage.has("aws_s3_object", key="releases/worker/release.json")
    assert json.loads(manifest["content"])["about"] == {"version": "1.2.3", "commit": "abc", "architecture": "x86_64"}


def test_the_emulator_gets_the_sources_unless_a_release_is_named(tmp_path: pathlib.Path) -> None:
    folder = built_release.write(tmp_path / "built")

    assert find(settings(**EMBEDDED)) == sources()
    assert set(find(settings(**EMBEDDED, release_directory=str(folder))).portal) == {"code", "dependencies"}


def test_a_release_that_is_not_built_is_told_with_the_command_that_builds_it(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SettingsError) as told:
        find(settings(release_directory=str(tmp_path)))

    assert str(told.value) == (
        f"release_directory is '{tmp_path}'; allowed are folders with a release for x86_64, and it holds no "
        "release.json: the release is not built. To mend it: run ./anb release"
    )


def test_a_release_for_other_instances_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SettingsError, match=r"it was built for arm64\. To mend it: run \./anb release"):
        find(settings(release_directory=str(built_release.write(tmp_path, "arm64"))))
