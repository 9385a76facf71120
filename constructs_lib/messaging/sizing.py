"""Derive the settings of a queue and its workers from a few numbers.

    queue = size_queue("shop/jobs", max_job=timedelta(minutes=15))
    workers = size_workers("shop/workers", queue, seconds_per_job=25, acceptable_latency=timedelta(minutes=2))
    workers.backlog_per_instance  # 4.8 messages

Nothing here imports the framework. ``docs/sizing.md`` draws what is derived.
"""

from __future__ import annotations

import dataclasses
import math
from datetime import timedelta

from constructs_lib.compute.lifecycle_timeouts import (
    DEFAULT_STARTUP_TIMEOUT,
    LONGEST_HOOK,
    check_startup_timeout,
    launch_timeout,
)
from constructs_lib.foundation.durations import check_within, in_seconds, round_up
from constructs_lib.foundation.errors import ConstructError

DEFAULT_RETENTION = timedelta(days=4)
DEFAULT_MAX_RECEIVES = 3
DEFAULT_CONCURRENCY = 1

LONGEST_HIDDEN = timedelta(hours=12)
"""Maximum time that SQS hides a message, counted from its receipt, regardless of renewals.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""

SHORTEST_RETENTION = timedelta(minutes=1)
LONGEST_RETENTION = timedelta(days=14)
"""Limits of SQS's message retention.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""

LONG_POLL = timedelta(seconds=20)
"""SQS's longest poll, which needs the fewest requests.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""

_SHORTEST_VISIBILITY = timedelta(seconds=30)
_USUAL_VISIBILITY = timedelta(minutes=2)
_HEARTBEATS = 3
_DEAD_LETTER_INSPECTION = timedelta(days=1)
_HOOK_MARGIN = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class QueueSizing:
    """The derived settings of a queue.

    Args:
        max_job: duration of the longest job.
        visibility_timeout: time that a received message stays hidden unless its worker renews it; after a crash, the
            delay until the next attempt.
        heartbeat: interval at which a worker renews it.
        retention: time that a message is kept.
        dead_letter_retention: time that a dead letter is kept, counted from the first sending.
        stop_timeout: time that a worker gets to finish when it is stopped: the longest job and the long poll that it
            may be in.
    """

    max_job: timedelta
    visibility_timeout: timedelta
    heartbeat: timedelta
    retention: timedelta
    dead_letter_retention: timedelta
    stop_timeout: timedelta


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerSizing:
    """The derived settings of a group of workers.

    Args:
        backlog_per_instance: target of waiting messages per instance.
        launch_timeout: time that a new instance gets to report that it is ready.
        terminate_timeout: time that a terminating instance gets between two heartbeats.
        terminate_heartbeat: interval of a terminating instance's heartbeats.
        oldest_message_alarm: age of the oldest message that indicates a fault.
    """

    backlog_per_instance: float
    launch_timeout: timedelta
    terminate_timeout: timedelta
    terminate_heartbeat: timedelta
    oldest_message_alarm: timedelta


def visibility_timeout(max_job: timedelta) -> timedelta:
    """Return the longest job, within 30 seconds and two minutes; heartbeats renew it for longer jobs.

    AWS suggests two minutes for jobs of varying length. It is how long a crashed worker's message waits.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/working-with-messages.html
    """
    return min(max(round_up(max_job, _SECOND), _SHORTEST_VISIBILITY), _USUAL_VISIBILITY)


def backlog_per_instance(
    seconds_per_job: float, acceptable_latency: timedelta, concurrency: int = DEFAULT_CONCURRENCY
) -> float:
    """Return the messages that one instance clears within the acceptable latency, to two places, at least 1.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html
    """
    cleared = acceptable_latency.total_seconds() * concurrency / seconds_per_job
    # Rounded down, so that the last message is in time. The small addend corrects floating-point error.
    return max(1.0, math.floor(cleared * 100 + 1e-6) / 100)


def check_queue(path: str, *, max_job: timedelta, retention: timedelta, max_receives: int) -> None:
    """Check that a queue can be sized from these numbers.

    Raises:
        ConstructError: a number is outside its limits, which may depend on the others.
    """
    hidden = visibility_timeout(max_job)
    # The last heartbeat hides the message for another visibility timeout.
    check_within(
        path,
        "max_job",
        max_job,
        _SECOND,
        LONGEST_HIDDEN - hidden,
        fix="split the job, as SQS hides a message for at most 12 hours",
    )
    longest = LONGEST_RETENTION - _DEAD_LETTER_INSPECTION
    most = min(1000, longest // (max_job + hidden))
    if not 1 <= max_receives <= most:
        fix = f"use {DEFAULT_MAX_RECEIVES}, the usual choice; SQS must keep a message for every attempt"
        raise ConstructError(path, option="max_receives", value=max_receives, allowed=f"between 1 and {most}", fix=fix)
    attempts = round_up(max_receives * (max_job + hidden), _SECOND)
    check_within(
        path,
        "retention",
        retention,
        max(SHORTEST_RETENTION, attempts),
        longest,
        fix="leave time for every attempt (max_receives x (max_job + visibility)) and one of SQS's 14 days for the "
        "dead-letter queue",
    )


def size_queue(
    path: str,
    *,
    max_job: timedelta,
    retention: timedelta = DEFAULT_RETENTION,
    max_receives: int = DEFAULT_MAX_RECEIVES,
) -> QueueSizing:
    """Derive the settings with which a queue completes its longest job and loses no message.

    The dead-letter queue keeps messages for 14 days, SQS's maximum: their age counts from the first sending, so with
    the retention of its source it would drop the oldest messages at once.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html

    Args:
        path: path of the construct, for errors.
        max_job: duration of the longest job, 1 second to 12 hours less the visibility timeout.
        retention: time that a message is kept, at most 13 days. Default: 4 days.
        max_receives: receives before a message is dead, 1 to 1000. Default: 3.

    Raises:
        ConstructError: a number is outside its limits, which may depend on the others.
    """
    check_queue(path, max_job=max_job, retention=retention, max_receives=max_receives)
    hidden = visibility_timeout(max_job)
    return QueueSizing(
        max_job=max_job,
        visibility_timeout=hidden,
        heartbeat=hidden / _HEARTBEATS,
        retention=retention,
        dead_letter_retention=LONGEST_RETENTION,
        stop_timeout=round_up(max_job, _SECOND) + LONG_POLL,
    )


def check_workers(
    path: str,
    *,
    max_job: timedelta,
    retention: timedelta,
    seconds_per_job: float,
    acceptable_latency: timedelta,
    concurrency: int,
    startup_timeout: timedelta = DEFAULT_STARTUP_TIMEOUT,
) -> None:
    """Check that the workers of a queue can be sized from these numbers.

    Raises:
        ConstructError: a number is outside its limits, which may depend on the others.
    """
    longest = max_job.total_seconds()
    if not 0.1 <= seconds_per_job <= longest:
        fix = f"use at most the queue's max_job, {in_seconds(max_job)}"
        allowed = f"between 0.1 and {longest:g}"
        raise ConstructError(path, option="seconds_per_job", value=seconds_per_job, allowed=allowed, fix=fix)
    if not 1 <= concurrency <= 1000:
        fix = f"use {DEFAULT_CONCURRENCY}, the usual choice"
        raise ConstructError(path, option="concurrency", value=concurrency, allowed="between 1 and 1000", fix=fix)
    check_startup_timeout(path, startup_timeout)
    check_within(
        path,
        "acceptable_latency",
        acceptable_latency,
        timedelta(seconds=seconds_per_job / concurrency),
        retention - max_job - startup_timeout,
        fix="allow at least one job (seconds_per_job / concurrency), and less than the queue's retention",
    )


def size_workers(
    path: str,
    queue: QueueSizing,
    *,
    seconds_per_job: float,
    acceptable_latency: timedelta,
    concurrency: int = DEFAULT_CONCURRENCY,
    startup_timeout: timedelta = DEFAULT_STARTUP_TIMEOUT,
) -> WorkerSizing:
    """Derive the settings with which a group of workers keeps up and drops no work.

    A terminating instance finishes its jobs. The lifecycle hook waits for the queue's ``stop_timeout`` and a minute
    more, at most two hours; each heartbeat of the instance starts this time again, for at most 100 times and
    48 hours.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LifecycleHook.html

    The age of the oldest message includes its processing time. It indicates a fault when it exceeds the sum of the
    acceptable latency, the startup of an instance launched for it and the longest job.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html

    Args:
        path: path of the construct, for errors.
        queue: sizing of the queue that they consume.
        seconds_per_job: duration of a typical job, in seconds, 0.1 to the longest job.
        acceptable_latency: maximum acceptable wait until a job starts, at least one job.
        concurrency: jobs that one instance processes in parallel, 1 to 1000. Default: 1.
        startup_timeout: time until a new instance is ready, 30 seconds to an hour. Default: 5 minutes.

    Raises:
        ConstructError: a number is outside its limits, which may depend on the others.
    """
    check_workers(
        path,
        max_job=queue.max_job,
        retention=queue.retention,
        seconds_per_job=seconds_per_job,
        acceptable_latency=acceptable_latency,
        concurrency=concurrency,
        startup_timeout=startup_timeout,
    )
    drain_timeout = queue.stop_timeout + _HOOK_MARGIN
    terminate_timeout = min(drain_timeout, LONGEST_HOOK)
    return WorkerSizing(
        backlog_per_instance=backlog_per_instance(seconds_per_job, acceptable_latency, concurrency),
        launch_timeout=launch_timeout(startup_timeout),
        terminate_timeout=terminate_timeout,
        terminate_heartbeat=terminate_timeout / _HEARTBEATS,
        oldest_message_alarm=round_up(acceptable_latency + startup_timeout + queue.max_job, _MINUTE),
    )
