"""Release: parts under fixed keys in the bucket, their manifest and the permissions to read them."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import pytest

from constructs_lib import Bucket, ConstructError, Release, ServiceRole
from constructs_lib.compute.archive import pack
from constructs_lib.compute.user_data import ReleasePart
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.testing import Template, synth

KEY = "releases/shop/shop.tar.gz"


def release(folder: pathlib.Path, **changes: Any) -> Template:
    def build(stack: TerraformStack) -> None:
        bucket = Bucket(stack, "software", name="shop-software")
        Release(stack, "shop", **{"bucket": bucket, "parts": {"shop": folder}, **changes})

    return synth(build)


def objects(template: Template) -> dict[str, dict[str, Any]]:
    return {each["key"]: each for each in template.resources("aws_s3_object").values()}


def test_changed_part_keeps_its_key_and_changes_its_hash(own_software: pathlib.Path) -> None:
    first = objects(release(own_software))[KEY]
    same = objects(release(own_software))[KEY]
    (own_software / "main.py").write_text("print('good bye')\n")
    changed = objects(release(own_software))[KEY]

    assert first == same
    assert first["source_hash"] == first["metadata"]["sha256"] != changed["source_hash"]


def test_existing_archive_is_uploaded_unchanged(software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    built = tmp_path / "built.tar.gz"
    sha256 = pack({"anything": software}, built)
    template = release(software, parts={"code": software, "dependencies": built})

    assert objects(template)["releases/shop/dependencies.tar.gz"]["source_hash"] == sha256
    assert len(objects(template)) == 3


def test_manifest_names_the_version_of_each_part(software: pathlib.Path) -> None:
    releases: list[Release] = []

    def build(stack: TerraformStack) -> None:
        bucket = Bucket(stack, "software", name="shop-software")
        releases.append(Release(stack, "shop", bucket=bucket, parts={"shop": software}, about={"commit": "abc"}))

    manifest = json.loads(objects(synth(build))["releases/shop/release.json"]["content"])

    (part,) = releases[0].parts
    assert isinstance(part, ReleasePart)
    assert manifest["about"] == {"commit": "abc"}
    assert manifest["sha256"] == releases[0].sha256
    assert manifest["parts"]["shop"]["sha256"] == part.sha256
    assert re.fullmatch(r"\$\{aws_s3_object\.\w+\.version_id\}", manifest["parts"]["shop"]["version_id"])


def test_versioning_is_enabled_before_the_first_upload(software: pathlib.Path) -> None:
    """Otherwise the first release has no version id, and cannot be rolled back to."""
    for stored in objects(release(software)).values():
        (first,) = stored["depends_on"]
        assert first.startswith("aws_s3_bucket_versioning.software_versioned_")


def test_instances_may_read_old_versions_of_their_release_only(software: pathlib.Path) -> None:
    def build(stack: TerraformStack) -> None:
        release = Release(stack, "shop", bucket=Bucket(stack, "b", name="shop-software"), parts={"shop": software})
        owner = type("Owner", (), {"role": ServiceRole(stack, "role", name="web")})()
        release.grant_read(owner)

    statements = json.loads(synth(build).one("aws_iam_role_policy")["policy"])["Statement"]

    (read,) = [each for each in statements if "s3:GetObjectVersion" in each["Action"]]
    assert read["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert read["Resource"][0].endswith("/releases/shop/*")


def test_archive_path_is_relative(software: pathlib.Path) -> None:
    assert objects(release(software))[KEY]["source"].startswith("assets/")


def test_invalid_arguments_are_rejected(software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"broken")
    cases: list[tuple[dict[str, pathlib.Path], str]] = [
        ({}, r"test/shop: parts is {}; must be at least one part"),
        ({"a/b": software}, r"test/shop: parts is 'a/b'"),
        ({"shop": tmp_path / "nowhere"}, r"parts\[shop\] is '.*/nowhere'; must be a folder with files or a \.tar"),
        ({"shop": software / "main.py"}, r"parts\[shop\] is '.*/main.py'; must be a folder with files or a \.tar"),
        (
            {"shop": broken},
            r"parts\[shop\] is '.*/broken.tar.gz'; must be a readable \.tar\.gz file\. Fix: rebuild it",
        ),
    ]
    for parts, message in cases:
        with pytest.raises(ConstructError, match=message):
            release(software, parts=parts)
