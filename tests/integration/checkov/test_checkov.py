"""Every checkov finding in the production stacks has a waiver, and every waiver has a finding."""

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
    """Synthesize the app with the settings of environments/production.toml."""
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


def test_every_stack_is_parsed(scans: dict[str, checkov.Scan]) -> None:
    for scan in scans.values():
        assert scan.parsing_errors == ()
        assert scan.passed > 100


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_every_finding_has_a_waiver(
    outputs: dict[str, pathlib.Path], scans: dict[str, checkov.Scan], deployment: str
) -> None:
    remaining, _ = checkov.unwaived(scans[deployment].findings, register(outputs[deployment]))

    assert remaining == []


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_every_waiver_has_a_finding(
    outputs: dict[str, pathlib.Path], scans: dict[str, checkov.Scan], deployment: str
) -> None:
    _, unused = checkov.unwaived(scans[deployment].findings, register(outputs[deployment]))

    assert unused == set()


@pytest.fixture
def copy(outputs: dict[str, pathlib.Path], tmp_path: pathlib.Path) -> pathlib.Path:
    """A copy of the production stacks that the test changes."""
    return pathlib.Path(shutil.copytree(outputs["production"], tmp_path / "copy"))


def change_properties(folder: pathlib.Path, stack: str, kind: str, **properties: object) -> None:
    file = folder / "stacks" / stack / "cdk.tf.json"
    document = json.loads(file.read_text())
    next(iter(document["resource"][kind].values())).update(properties)
    file.write_text(json.dumps(document))


def test_insecure_properties_are_found(copy: pathlib.Path) -> None:
    change_properties(copy, "database", "aws_db_instance", publicly_accessible=True)
    change_properties(copy, "storage", "aws_s3_bucket_public_access_block", block_public_acls=False)

    remaining, _ = checkov.unwaived(checkov.scan(copy).findings, register(copy))

    assert {finding.rule for finding in remaining} >= {"CKV_AWS_17", "CKV_AWS_53"}


def test_parsing_error_is_reported(copy: pathlib.Path) -> None:
    """Although checkov exits with 0 and no findings: https://github.com/bridgecrewio/checkov/issues/7454"""
    file = copy / "stacks/storage/cdk.tf.json"
    document = json.loads(file.read_text())
    document["terraform"]["required_version"] = ">= 1.11"
    file.write_text(json.dumps(document))

    assert [pathlib.Path(each).parent.name for each in checkov.scan(copy).parsing_errors] == ["storage"]


def test_unused_waiver_is_reported() -> None:
    finding = checkov.CheckovFinding(rule="CKV_AWS_1", title="t", stack="load-balancer", resource="balancer_1")
    entry = {
        "stack": "load-balancer",
        "path": "load-balancer/balancer",
        "resources": ["aws_lb.balancer_1"],
        "explains": ["CKV_AWS_1", "our-own"],
    }
    other = {**entry, "stack": "workers"}

    assert checkov.unwaived((finding,), [entry]) == ([], set())
    assert checkov.unwaived((finding,), []) == ([finding], set())
    assert checkov.unwaived((finding,), [other]) == ([finding], {"CKV_AWS_1 load-balancer/balancer"})
