"""The pytest plugin: it loads without Node and explains failures."""

from __future__ import annotations

import itertools
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from scenes import network

from constructs_lib import Queue
from constructs_lib.foundation import cdk
from constructs_lib.foundation.cdk import TerraformOutput, TerraformStack
from constructs_lib.testing import (
    Annotation,
    Template,
    annotations_of,
    assert_same_twice,
    read_templates,
    synth,
    synth_app,
)

ROOT = pathlib.Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs/testing-your-stacks.md"


def run_pytest(folder: pathlib.Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run a test file with the library alone, without this project's plugins."""
    (folder / "test_shop.py").write_text(text)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "constructs_lib.testing",
            "-p",
            "no:cacheprovider",
            "test_shop.py",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def jobs(stack: TerraformStack) -> None:
    Queue(stack, "jobs", name="jobs", max_job=timedelta(minutes=1))


def test_examples_of_the_page_pass(tmp_path: pathlib.Path) -> None:
    text = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE))

    result = run_pytest(tmp_path, text)

    assert f"{text.count('def test_')} passed" in result.stdout, result.stdout


def test_loading_the_plugin_starts_no_node() -> None:
    script = "import sys, constructs_lib.testing; print('jsii' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_missing_property_shows_the_closest_resource(synth: Callable[..., Template]) -> None:
    template = synth(jobs)

    assert template.has("aws_sqs_queue", name="jobs")["name"] == "jobs"
    with pytest.raises(AssertionError) as failure:
        template.has("aws_sqs_queue", name="jobs", sqs_managed_sse_enabled=False)
    assert re.fullmatch(
        r"none of 2 aws_sqs_queue has these properties; the closest is jobs\w*:\n"
        r"  sqs_managed_sse_enabled: expected False, found True",
        str(failure.value),
    )


def test_missing_type_lists_existing_types(synth: Callable[..., Template]) -> None:
    with pytest.raises(AssertionError, match="the stack has no aws_vpc; it has aws_sqs_queue"):
        synth(jobs).has("aws_vpc")


def test_annotation_has_construct_and_level(synth: Callable[..., Template]) -> None:
    def build(stack: TerraformStack) -> None:
        network(stack, nat="none")

    annotations = synth(build).annotations()

    (warning,) = [each for each in annotations if each.path == "test/network"]
    assert warning.level == "warning"
    assert warning.message.startswith("the private subnets reach only S3")


def test_annotations_of_one_level() -> None:
    def build(stack: TerraformStack) -> None:
        cdk.Annotations.of(stack).add_info("it is small")
        cdk.Annotations.of(stack).add_warning("it is open")
        assert annotations_of(stack, "warning") == [Annotation("test", "warning", "it is open")]
        assert [each.level for each in annotations_of(stack)] == ["info", "warning"]

    synth(build)


def test_error_annotation_fails_the_synth() -> None:
    with pytest.raises(RuntimeError, match=r"\[test\] it is broken"):
        synth(lambda stack: cdk.Annotations.of(stack).add_error("it is broken"))


def test_dependent_stacks_are_written_and_read(tmp_path: pathlib.Path) -> None:
    queues: list[Queue] = []

    def reader(stack: TerraformStack) -> None:
        TerraformOutput(stack, "jobs", value=queues[0].arn)

    templates = synth_app(
        tmp_path,
        producer=lambda stack: queues.append(Queue(stack, "jobs", name="jobs", max_job=timedelta(minutes=1))),
        consumer=reader,
    )

    assert list(templates) == ["producer", "consumer"]
    assert "terraform_remote_state" in str(templates["consumer"].outputs()["jobs"])
    assert templates["producer"].document["output"]
    read = read_templates(tmp_path)
    assert {name: each.document for name, each in read.items()} == {
        name: each.document for name, each in templates.items()
    }
    with pytest.raises(AssertionError, match="a template read from a file has no annotations"):
        read["consumer"].annotations()


def test_difference_of_two_synths_is_shown() -> None:
    numbers = itertools.count()

    assert_same_twice(jobs)
    with pytest.raises(AssertionError, match=r'two synths(.|\n)*-      "value": "0"(.|\n)*\+      "value": "1"'):
        assert_same_twice(lambda stack: TerraformOutput(stack, "number", value=str(next(numbers))))
