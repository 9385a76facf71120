"""Errors extracted from the output of synth and deploy."""

from __future__ import annotations

import json
from pathlib import Path

from constructs_lib import ConstructError
from workspace.cdktf import count_resources, extract_error, extract_terraform_errors


def test_resources_are_counted(tmp_path: Path) -> None:
    stack = tmp_path / "cdk.tf.json"
    stack.write_text(json.dumps({"resource": {"aws_vpc": {"a": {}}, "aws_subnet": {"a": {}, "b": {}}}}))
    assert count_resources(stack) == 3
    stack.write_text("{}")
    assert count_resources(stack) == 0


def test_output_before_the_first_terraform_error_is_dropped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("network  Creating...\nnetwork  Error: creating EC2 VPC\nnetwork  with aws_vpc.main\n")
    assert extract_terraform_errors(log) == "network  Error: creating EC2 VPC\nnetwork  with aws_vpc.main"


def test_end_of_output_is_returned_without_an_error_message(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(f"line {number}" for number in range(100)))
    assert extract_terraform_errors(log).splitlines() == [f"line {number}" for number in range(70, 100)]


def test_construct_error_is_extracted_from_the_traceback() -> None:
    name = f"{ConstructError.__module__}.{ConstructError.__qualname__}"
    stderr = f"Traceback (most recent call last):\n  x\n{name}: storage: wrong.\nFix it.\n"
    assert extract_error(stderr) == "storage: wrong.\nFix it."
    assert extract_error("api_min_size is 4; allowed ...\n") == "api_min_size is 4; allowed ..."
