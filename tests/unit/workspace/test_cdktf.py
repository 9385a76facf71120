"""What a deployment's output tells people."""

from __future__ import annotations

import json
from pathlib import Path

from workspace.cdktf import count_resources, errors, refusal


def test_resources_are_counted_by_name(tmp_path: Path) -> None:
    stack = tmp_path / "cdk.tf.json"
    stack.write_text(json.dumps({"resource": {"aws_vpc": {"a": {}}, "aws_subnet": {"a": {}, "b": {}}}}))
    assert count_resources(stack) == 3
    stack.write_text("{}")
    assert count_resources(stack) == 0


def test_terraforms_errors_are_shown_without_what_went_before(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("network  Creating...\nnetwork  Error: creating EC2 VPC\nnetwork  with aws_vpc.main\n")
    assert errors(log) == "network  Error: creating EC2 VPC\nnetwork  with aws_vpc.main"


def test_without_an_error_message_the_end_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(f"line {number}" for number in range(100)))
    assert errors(log).splitlines() == [f"line {number}" for number in range(70, 100)]


def test_what_a_construct_refuses_is_told_without_a_traceback() -> None:
    said = "Traceback (most recent call last):\n  x\nconstructs_lib.errors.ConstructError: database: wrong.\nMend it.\n"
    assert refusal(said) == "database: wrong.\nMend it."
    assert refusal("api_min_size is 4; allowed ...\n") == "api_min_size is 4; allowed ..."
