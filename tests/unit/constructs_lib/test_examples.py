"""Examples: each has its main resource, keeps the security rules, is short and is listed."""

from __future__ import annotations

import re

import pytest

from constructs_lib.governance import security_aspect
from tests.unit.constructs_lib.example_apps import EXAMPLES, FOLDER, example

MAIN_RESOURCE = {
    "bucket": "aws_s3_bucket_lifecycle_configuration",
    "database": "aws_db_instance",
    "edge": "aws_wafv2_web_acl_association",
    "every_option": "aws_wafv2_web_acl",
    "network": "aws_vpc",
    "profile": "aws_db_instance",
    "queue_and_alarm": "aws_cloudwatch_metric_alarm",
    "queue_workers": "aws_autoscaling_policy",
    "secret": "aws_secretsmanager_secret_version",
    "security_aspect": "aws_sqs_queue",
    "shop": "aws_lb_listener",
    "web_service": "aws_lb_target_group",
}
"""Main resource of each example."""

REFERENCE = "every_option"
"""The example that serves for reference; test_example_options.py tests its content."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_has_its_main_resource(name: str) -> None:
    assert example(name).resources(MAIN_RESOURCE[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_keeps_the_security_rules(name: str) -> None:
    assert security_aspect.findings(example(name).document) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_short(name: str) -> None:
    text = (FOLDER / f"{name}.py").read_text()

    assert len(text.splitlines()) <= (310 if name == REFERENCE else 65)
    assert re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE)[-1] == "constructs_lib"
    assert "anb" not in text.lower()


def test_readme_lists_every_example() -> None:
    listed = re.findall(r"^\| \[(\w+)\.py\]", (FOLDER / "README.md").read_text(), re.MULTILINE)

    assert sorted(listed) == EXAMPLES
