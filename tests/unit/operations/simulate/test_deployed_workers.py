"""The simulator reads the workers' settings from the synthesized Terraform."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from constructs_lib.foundation.template import Documents
from constructs_lib.governance import prices
from constructs_lib.messaging.backlog_scaling import BACKLOG, STRANDED
from constructs_lib.messaging.sizing import size_queue, size_workers
from operations.simulate import deployed
from operations.simulate.deployed import DeployedWorkers
from operations.simulate.scaling import INSTANCES, WAITING, StepUp, TargetTracking
from stacks.settings.model import Settings
from workspace.errors import UserError

METRICS = {"waiting": WAITING, "instances": INSTANCES}


@pytest.fixture(scope="module")
def documents() -> Documents:
    """The stacks of the default settings."""
    return deployed.synthesize(Settings.model_validate({}))


@pytest.fixture
def workers(documents: Documents) -> DeployedWorkers:
    """The workers of the default settings."""
    return deployed.from_documents(documents, Settings.model_validate({}), environment="production")


def test_workers_have_the_values_of_the_settings(workers: DeployedWorkers) -> None:
    settings = Settings.model_validate({})
    queue = size_queue("q", max_job=timedelta(seconds=settings.max_job_seconds))
    sized = size_workers(
        "w",
        queue,
        seconds_per_job=settings.worker_seconds_per_video,
        acceptable_latency=timedelta(seconds=settings.worker_acceptable_wait),
    )

    assert (workers.minimum, workers.maximum, workers.initial_capacity) == (
        settings.worker_min_size,
        settings.worker_max_size,
        settings.worker_desired_capacity,
    )
    assert workers.policies == (
        TargetTracking(expression=BACKLOG, metrics=METRICS, target=sized.backlog_per_instance, warmup=300),
    )
    assert workers.launch_timeout == sized.launch_timeout.total_seconds()
    assert workers.terminate_timeout == sized.terminate_timeout.total_seconds()
    assert (workers.instance_type, workers.concurrency) == ("t3.small", 1)
    assert workers.acceptable_wait == settings.worker_acceptable_wait


def test_hourly_price_includes_disk_and_monitoring(workers: DeployedWorkers) -> None:
    price = workers.price

    month = 0.0208 * 730 + 30 * 0.08 + 2.10
    assert price.hour == pytest.approx(month / 730)
    # 20 % of each of two processors: 24 credits an hour, of 60 for a processor.
    assert price.baseline_vcpus == pytest.approx(24 / 60)
    assert price.surplus_vcpu_hour == 0.05


def test_environment_variables_override_settings() -> None:
    variables = {
        "ANB_WORKER_MAX_SIZE": "7",
        "ANB_DB_MAX_CONNECTIONS": "200",
        "ANB_WORKER_CONCURRENCY": "2",
        "ANB_WORKER_ACCEPTABLE_WAIT": "100",
        "ANB_WORKER_INSTANCE_TYPE": "t2.medium",
    }
    workers = deployed.read("production", variables)

    assert (workers.maximum, workers.concurrency) == (7, 2)
    (policy,) = workers.policies
    assert isinstance(policy, TargetTracking)
    assert policy.target == 100 * 2 / 25
    # A t2 starts in standard mode, without surplus charges.
    assert (workers.price.baseline_vcpus, workers.price.surplus_vcpu_hour) == (None, 0)


def test_group_with_minimum_0_has_a_step_policy() -> None:
    variables = {"ANB_WORKER_MIN_SIZE": "0", "ANB_WORKER_DESIRED_CAPACITY": "0"}
    workers = deployed.read("production", variables)

    assert (workers.minimum, workers.initial_capacity) == (0, 0)
    assert StepUp(expression=STRANDED, metrics=METRICS, threshold=0, periods=1, adds=1, warmup=300) in workers.policies
    assert len(workers.policies) == 2


def test_invalid_setting_raises_user_error() -> None:
    variables = {"ANB_WORKER_MAX_SIZE": "0"}
    with pytest.raises(
        UserError, match="^The settings of production cannot be used:\nANB_WORKER_MAX_SIZE is '0'; must be"
    ):
        deployed.read("production", variables)


def test_unknown_environment_raises_user_error() -> None:
    with pytest.raises(UserError, match="ANB_ENVIRONMENT is 'staging'; must be one of local, production"):
        deployed.read("staging", {})


def test_construct_error_raises_user_error() -> None:
    variables = {"ANB_WORKER_MAX_SIZE": "10"}
    with pytest.raises(UserError, match="^The stacks cannot be synthesized: database/postgres: max_connections is 120"):
        deployed.read("production", variables)


def test_synth_silences_node_warnings(documents: Documents) -> None:
    """Node's deprecation warnings are about the framework; tests/integration/synth checks the output."""
    assert documents
    assert os.environ["NODE_NO_WARNINGS"] == "1"


def test_instance_type_without_a_price_raises_user_error(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(prices.INSTANCE_HOUR, "t3.small")
    message = "^worker_instance_type is 't3.small'; must be a type with a known price: .*governance/prices.py.$"
    with pytest.raises(UserError, match=message):
        deployed.from_documents(documents, Settings.model_validate({}), environment="production")
