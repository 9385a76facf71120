"""Properties of the sizing of queues and workers, for any numbers."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from constructs_lib.compute.lifecycle_timeouts import LONGEST_HOOK, SHORTEST_HOOK
from constructs_lib.foundation.errors import ConstructError
from constructs_lib.messaging.sizing import (
    LONG_POLL,
    LONGEST_HIDDEN,
    LONGEST_RETENTION,
    QueueSizing,
    backlog_per_instance,
    size_queue,
    size_workers,
)

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
GLOBAL_HOOK = 48 * HOUR
"""A lifecycle action ends after 48 hours or 100 heartbeat timeouts, whichever comes first.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html"""

jobs = st.timedeltas(min_value=SECOND, max_value=LONGEST_HIDDEN - 2 * MINUTE)
few_receives = st.integers(1, 20)


def queue(max_job: timedelta, **changes: Any) -> QueueSizing:
    return size_queue("shop/jobs", max_job=max_job, **{"retention": 13 * DAY, **changes})


@given(jobs, few_receives)
def test_message_stays_hidden_when_two_heartbeats_fail(job: timedelta, receives: int) -> None:
    sized = queue(job, max_receives=receives)

    assert 2 * sized.heartbeat < sized.visibility_timeout
    assert 3 * sized.heartbeat <= sized.visibility_timeout + timedelta(microseconds=3)
    assert 30 * SECOND <= sized.visibility_timeout <= 2 * MINUTE
    assert sized.visibility_timeout >= min(job, 2 * MINUTE)
    assert sized.visibility_timeout % SECOND == timedelta(0)


@given(jobs)
def test_last_renewal_is_within_the_sqs_limit(job: timedelta) -> None:
    assert job + queue(job).visibility_timeout <= LONGEST_HIDDEN


@given(jobs, few_receives, st.timedeltas(min_value=MINUTE, max_value=13 * DAY))
def test_message_outlives_its_attempts_and_its_inspection(job: timedelta, receives: int, retention: timedelta) -> None:
    attempts = receives * (job + queue(job, max_receives=1).visibility_timeout)
    assume(attempts + SECOND <= retention)
    sized = queue(job, retention=retention, max_receives=receives)

    assert sized.dead_letter_retention - sized.retention >= DAY
    assert sized.dead_letter_retention <= LONGEST_RETENTION


@given(jobs, st.floats(0.1, 40_000), st.integers(1, 100), st.timedeltas(min_value=30 * SECOND, max_value=HOUR))
def test_every_timeout_covers_the_longest_job(
    job: timedelta, seconds: float, concurrency: int, startup_timeout: timedelta
) -> None:
    assume(seconds <= job.total_seconds())
    latency = timedelta(seconds=seconds) + SECOND
    consumed = queue(job)
    sized = size_workers(
        "p",
        consumed,
        seconds_per_job=seconds,
        acceptable_latency=latency,
        concurrency=concurrency,
        startup_timeout=startup_timeout,
    )

    assert consumed.stop_timeout >= job + LONG_POLL
    assert SHORTEST_HOOK <= sized.terminate_timeout <= LONGEST_HOOK
    # Heartbeats start the hook's wait again, so that it outlasts the longest job.
    assert 2 * sized.terminate_heartbeat < sized.terminate_timeout
    assert consumed.stop_timeout < min(GLOBAL_HOOK, 100 * sized.terminate_timeout)
    assert startup_timeout < sized.launch_timeout <= LONGEST_HOOK
    assert sized.oldest_message_alarm >= latency + job + startup_timeout
    assert sized.oldest_message_alarm % MINUTE == timedelta(0)


@given(st.floats(0.1, 3600), st.timedeltas(min_value=SECOND, max_value=DAY), st.integers(1, 100))
def test_instance_clears_its_backlog_within_the_latency(seconds: float, latency: timedelta, concurrency: int) -> None:
    assume(latency.total_seconds() >= seconds / concurrency)
    target = backlog_per_instance(seconds, latency, concurrency)

    assert target >= 1
    assert target * seconds / concurrency <= latency.total_seconds() * (1 + 1e-6)
    # Rounded down to two places.
    assert (target + 0.011) * seconds / concurrency > latency.total_seconds() or target == 1


@given(st.floats(0.1, 3600), st.timedeltas(min_value=SECOND, max_value=DAY))
def test_more_latency_or_concurrency_never_needs_more_instances(seconds: float, latency: timedelta) -> None:
    target = backlog_per_instance(seconds, latency)

    assert backlog_per_instance(seconds, latency + MINUTE) >= target
    assert backlog_per_instance(seconds, latency, 2) >= target
    assert backlog_per_instance(seconds * 2, latency) <= target


@pytest.mark.parametrize(
    ("latency", "seconds", "concurrency", "target"),
    [
        (120, 25, 1, 4.8),
        (250, 100, 4, 10.0),
        (10, 10, 1, 1.0),
        (10, 30, 3, 1.0),
        (250, 25, 1, 10.0),
        (100, 3, 1, 33.33),
    ],
)
def test_backlog_per_instance(latency: int, seconds: float, concurrency: int, target: float) -> None:
    assert backlog_per_instance(seconds, timedelta(seconds=latency), concurrency) == target


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"max_job": timedelta(0)},
            (
                "shop/jobs: max_job is '0 s'; must be between 1 s and 43170 s. Fix: split the job, as SQS hides a "
                "message for at most 12 hours."
            ),
        ),
        ({"max_job": 12 * HOUR}, "max_job is '43200 s'; must be between 1 s and 43080 s"),
        ({"max_receives": 0}, "max_receives is 0; must be between 1 and 1000. Fix: use 3, the usual choice"),
        (
            {"max_job": 11 * HOUR, "max_receives": 40},
            "max_receives is 40; must be between 1 and 28. Fix: use 3, the usual choice",
        ),
        (
            {"max_job": HOUR, "retention": HOUR},
            (
                "retention is '3600 s'; must be between 11160 s and 1123200 s. Fix: leave time for every attempt "
                "(max_receives x (max_job + visibility)) and one of SQS's 14 days for the dead-letter queue."
            ),
        ),
        ({"retention": 14 * DAY}, "retention is '1209600 s'; must be between 360 s and 1123200 s"),
    ],
)
def test_invalid_queue_arguments_are_rejected(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError) as caught:
        size_queue("shop/jobs", **{"max_job": MINUTE, **changes})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"seconds_per_job": 901},
            (
                "shop/workers: seconds_per_job is 901; must be between 0.1 and 900. "
                "Fix: use at most the queue's max_job, 900 s."
            ),
        ),
        ({"seconds_per_job": 0}, "seconds_per_job is 0; must be between 0.1 and 900"),
        ({"concurrency": 0}, "concurrency is 0; must be between 1 and 1000. Fix: use 1, the usual choice"),
        (
            {"startup_timeout": 2 * HOUR},
            "startup_timeout is '7200 s'; must be between 30 s and 3600 s. Fix: use at most half of what",
        ),
        (
            {"acceptable_latency": 20 * SECOND},
            (
                "acceptable_latency is '20 s'; must be between 25 s and 344400 s. Fix: allow at least one job "
                "(seconds_per_job / concurrency), and less than the queue's retention."
            ),
        ),
        ({"acceptable_latency": 4 * DAY}, "acceptable_latency is '345600 s'; must be between 25 s and 344400 s"),
    ],
)
def test_invalid_worker_arguments_are_rejected(changes: dict[str, Any], message: str) -> None:
    numbers: dict[str, Any] = {"seconds_per_job": 25, "acceptable_latency": 2 * MINUTE}
    with pytest.raises(ConstructError) as caught:
        size_workers("shop/workers", size_queue("shop/jobs", max_job=15 * MINUTE), **{**numbers, **changes})
    assert message in str(caught.value)


def test_sizing_imports_no_framework() -> None:
    frameworks = ("cdktf", "jsii", "constructs")
    code = f"import sys, constructs_lib.messaging.sizing; sys.exit(any(m in sys.modules for m in {frameworks}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
