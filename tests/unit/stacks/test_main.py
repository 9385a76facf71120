"""main.py synthesizes the stacks, and reports invalid settings."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


def run(folder: pathlib.Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANB_")}
    return subprocess.run(
        [sys.executable, ROOT / "main.py"], cwd=folder, env={**environment, **variables}, capture_output=True, text=True
    )


def test_invalid_settings_are_reported_before_node_starts(tmp_path: pathlib.Path) -> None:
    result = run(tmp_path, ANB_API_MIN_SIZE="0", ANB_NAT="free", JSII_NODE="/no/such/node")

    assert result.returncode == 1
    assert [line.partition(" is ")[0] for line in result.stderr.splitlines()] == ["ANB_NAT", "ANB_API_MIN_SIZE"]


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, subprocess.CompletedProcess[str]]:
    """The output folder of a synth, and the process."""
    folder = tmp_path_factory.mktemp("synth")
    return folder / "cdktf.out", run(folder, ANB_ENVIRONMENT="local", ANB_MULTI_AZ="true")


def test_synth_prints_weaker_settings_and_cost(
    synthesized: tuple[pathlib.Path, subprocess.CompletedProcess[str]],
) -> None:
    _, result = synthesized

    assert (result.returncode, result.stdout) == (0, "")
    assert "Weaker than production:\n  nat single, production per_zone (development: " in result.stderr
    assert "multi_az" not in result.stderr
    assert re.search(r"^  total +\d+\.\d\d to \d+\.\d\d$", result.stderr, re.MULTILINE)


def test_synth_writes_stacks_waivers_and_grants(
    synthesized: tuple[pathlib.Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = synthesized
    documents = {file.parent.name: file.read_text() for file in (folder / "stacks").glob("*/cdk.tf.json")}

    assert sorted(documents) == [
        "database",
        "load-balancer",
        "network",
        "observability",
        "portal",
        "queue",
        "storage",
        "workers",
    ]
    assert (folder / "waivers.json").is_file()
    iam_report = json.loads((folder / "privileges.json").read_text())
    granted = {(each["who"], each["sid"]): each["resources"] for each in iam_report}
    assert granted["portal/portal/role/role", "ReadUploads"] == ["storage/videos/bucket.arn/uploads/*"]
    assert granted["workers/worker/role/role", "ConsumeMessages"] == ["queue/videos/queue.arn"]
    assert "${" not in str(granted)
    assert sum(len(kind) for text in documents.values() for kind in json.loads(text)["resource"].values()) >= 60
