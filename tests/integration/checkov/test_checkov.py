"""checkov over the stacks of production: nothing fails that is not explained, and nothing is explained that passes."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests import built_release
from tools import checkov
from workspace import paths

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/6d3f2a1e-0000-4000-8000-000000000000"
DEPLOYMENTS: dict[str, dict[str, str]] = {"without-certificate": {}, "production": {"ANB_CERTIFICATE_ARN": CERTIFICATE}}


def synthesize(folder: pathlib.Path, variables: dict[str, str]) -> pathlib.Path:
    """The app, with the settings of environments/production.toml."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANB_")}
    release = {"ANB_RELEASE_DIRECTORY": str(built_release.write(folder / "release"))}
    settings = {"ANB_ENVIRONMENT": "production", "CDKTF_OUTDIR": str(folder), **release, **variables}
    subprocess.run([sys.executable, "main.py"], cwd=paths.ROOT, env={**kept, **settings}, check=True)
    return folder


def register(folder: pathlib.Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "waivers.json").read_text())
    return found


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    return {name: synthesize(tmp_path_factory.mktemp(name), variables) for name, variables in DEPLOYMENTS.items()}


@pytest.fixture(scope="module")
def scans(outputs: dict[str, pathlib.Path]) -> dict[str, checkov.Scan]:
    return {name: checkov.scan(folder) for name, folder in outputs.items()}


def test_it_read_every_stack(scans: dict[str, checkov.Scan]) -> None:
    for scan in scans.values():
        assert scan.parsing_errors == ()
        assert scan.passed > 100


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_nothing_fails_without_a_reason(
    outputs: dict[str, pathlib.Path], scans: dict[str, checkov.Scan], deployment: str
) -> None:
    left, _ = checkov.unexplained(scans[deployment].findings, register(outputs[deployment]))

    assert left == []


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_no_reason_is_given_for_what_passes(
    outputs: dict[str, pathlib.Path], scans: dict[str, checkov.Scan], deployment: str
) -> None:
    _, idle = checkov.unexplained(scans[deployment].findings, register(outputs[deployment]))

    assert idle == set()


@pytest.fixture
def copy(outputs: dict[str, pathlib.Path], tmp_path: pathlib.Path) -> pathlib.Path:
    """The stacks, to be made worse."""
    return pathlib.Path(shutil.copytree(outputs["production"], tmp_path / "copy"))


def worsen(folder: pathlib.Path, stack: str, kind: str, **properties: object) -> None:
    file = folder / "stacks" / stack / "cdk.tf.json"
    document = json.loads(file.read_text())
    next(iter(document["resource"][kind].values())).update(properties)
    file.write_text(json.dumps(document))


def test_a_hole_is_seen(copy: pathlib.Path) -> None:
    worsen(copy, "database", "aws_db_instance", publicly_accessible=True)
    worsen(copy, "storage", "aws_s3_bucket_public_access_block", block_public_acls=False)

    left, _ = checkov.unexplained(checkov.scan(copy).findings, register(copy))

    assert {finding.rule for finding in left} >= {"CKV_AWS_17", "CKV_AWS_53"}


def test_a_file_it_cannot_read_is_seen(copy: pathlib.Path) -> None:
    """It exits with 0 for it, and finds nothing wrong with that stack: https://github.com/bridgecrewio/checkov/issues/7454"""
    file = copy / "stacks/storage/cdk.tf.json"
    document = json.loads(file.read_text())
    document["terraform"]["required_version"] = ">= 1.11"
    file.write_text(json.dumps(document))

    assert [pathlib.Path(each).parent.name for each in checkov.scan(copy).parsing_errors] == ["storage"]


def test_a_reason_for_nothing_is_seen() -> None:
    found = checkov.CheckovFinding(rule="CKV_AWS_1", title="t", stack="load-balancer", resource="balancer_1")
    entry = {
        "stack": "load-balancer",
        "path": "load-balancer/balancer",
        "resources": ["aws_lb.balancer_1"],
        "explains": ["CKV_AWS_1", "our-own"],
    }
    other = {**entry, "stack": "workers"}

    assert checkov.unexplained((found,), [entry]) == ([], set())
    assert checkov.unexplained((found,), []) == ([found], set())
    assert checkov.unexplained((found,), [other]) == ([found], {"CKV_AWS_1 load-balancer/balancer"})
