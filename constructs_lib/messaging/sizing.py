"""The arithmetic of queue workers: a few numbers a team knows give every number AWS wants.

    queue = size_queue("shop/jobs", max_job=timedelta(minutes=15))
    workers = size_workers("shop/workers", queue, seconds_per_job=25, acceptable_latency=timedelta(minutes=2))
    workers.backlog_per_instance  # 4.8 messages

Nothing here knows Terraform. ``docs/sizing.md`` draws what is derived.
"""

from __future__ import annotations

import dataclasses
import math
from datetime import timedelta

from constructs_lib.compute.lifecycle_timeouts import LONGEST_HOOK, check_startup_timeout, launch_timeout
from constructs_lib.foundation.durations import check_within, in_seconds, round_up
from constructs_lib.foundation.errors import ConstructError

LONGEST_HIDDEN = timedelta(hours=12)
"""How long SQS hides a message at most, counted from its receipt, however often it is renewed.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""

SHORTEST_RETENTION = timedelta(minutes=1)
LONGEST_RETENTION = timedelta(days=14)
"""How long SQS keeps a message.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""

LONG_POLL = timedelta(seconds=20)
"""SQS's longest wait for a message, the one that asks least often.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""

_SHORTEST_HIDDEN = timedelta(seconds=30)
_USUAL_HIDDEN = timedelta(minutes=2)
_HEARTBEATS = 3
_TO_LOOK_AT_DEAD = timedelta(days=1)
_HOOK_MARGIN = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class QueueSizing:
    """What a queue is set to.

    Args:
        max_job: how long the longest job takes.
        visibility_timeout: how long a received message stays hidden unless its worker renews it: the delay after a
            crash.
        heartbeat: how often a worker renews it.
        retention: how long a message is kept.
        dead_letter_retention: how long a dead message is kept, counted from its first sending.
        stop_timeout: how long a worker may take to finish when it is told to stop: the longest job, and the long poll
            it may be in.
    """

    max_job: timedelta
    visibility_timeout: timedelta
    heartbeat: timedelta
    retention: timedelta
    dead_letter_retention: timedelta
    stop_timeout: timedelta


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerSizing:
    """What a group of workers is set to.

    Args:
        backlog_per_instance: how many messages may wait for each instance.
        launch_timeout: how long a new instance may take to report that it is ready.
        terminate_timeout: how long a leaving instance is waited for without a word from it.
        terminate_heartbeat: how often a leaving instance says that it is still working.
        scale_in_protection: whether a busy instance must protect itself from being chosen when the group shrinks.
        oldest_message_alarm: an age of the oldest message that means something is wrong.
    """

    backlog_per_instance: float
    launch_timeout: timedelta
    terminate_timeout: timedelta
    terminate_heartbeat: timedelta
    scale_in_protection: bool
    oldest_message_alarm: timedelta


def visibility_timeout(max_job: timedelta) -> timedelta:
    """The longest job where that is short, else two minutes, renewed by heartbeats; never under half a minute.

    Two minutes is SQS's own advice for jobs whose length varies. It is how long a crashed worker's message waits.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/working-with-messages.html
    """
    return min(max(round_up(max_job, _SECOND), _SHORTEST_HIDDEN), _USUAL_HIDDEN)


def backlog_per_instance(seconds_per_job: float, acceptable_latency: timedelta, concurrency: int = 1) -> float:
    """Acceptable latency over the time of a job: the messages one instance clears in time, to two places, at least 1.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html
    """
    cleared = acceptable_latency.total_seconds() * concurrency / seconds_per_job
    # Rounded down, or the last message would wait longer than is acceptable. The tiny part is the error of floats.
    return max(1.0, math.floor(cleared * 100 + 1e-6) / 100)


def size_queue(
    path: str,
    *,
    max_job: timedelta,
    retention: timedelta = timedelta(days=4),
    max_receives: int = 3,
) -> QueueSizing:
    """What a queue must be set to so that its longest job can be done and no message is lost.

    The dead-letter queue keeps messages for 14 days, SQS's longest: their age counts from the first sending, so a
    queue that keeps them as long as its source would drop the ones that waited longest at once.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html

    Args:
        path: path of the construct, for messages.
        max_job: how long the longest job takes, 1 second to 12 hours less the visibility timeout.
        retention: how long a message is kept, at most 13 days.
        max_receives: how often a message is received before it is dead, 1 to 1000.

    Raises:
        ConstructError: for a value out of its range, and for values that contradict each other.
    """
    hidden = visibility_timeout(max_job)
    # The last heartbeat hides the message for a whole visibility timeout more.
    check_within(
        path,
        "max_job",
        max_job,
        _SECOND,
        LONGEST_HIDDEN - hidden,
        fix="split the job, as SQS hides a message for at most 12 hours",
    )
    if not 1 <= max_receives <= 1000:
        fix = "use 3, the usual choice; each crash and each stopped worker counts as one"
        raise ConstructError(path, option="max_receives", given=max_receives, allowed="between 1 and 1000", fix=fix)
    tries = round_up(max_receives * (max_job + hidden), _SECOND)
    latest = LONGEST_RETENTION - _TO_LOOK_AT_DEAD
    if tries > latest:
        allowed = f"between 1 and {latest // (max_job + hidden)} with a max_job of {in_seconds(max_job)}"
        fix = "lower it, as SQS does not keep a message long enough for so many attempts"
        raise ConstructError(path, option="max_receives", given=max_receives, allowed=allowed, fix=fix)
    check_within(
        path,
        "retention",
        retention,
        max(SHORTEST_RETENTION, tries),
        latest,
        fix="leave time for every attempt (max_receives x (max_job + visibility)) and one of SQS's 14 days for the "
        "dead-letter queue",
    )
    return QueueSizing(
        max_job=max_job,
        visibility_timeout=hidden,
        heartbeat=hidden / _HEARTBEATS,
        retention=retention,
        dead_letter_retention=LONGEST_RETENTION,
        stop_timeout=round_up(max_job, _SECOND) + LONG_POLL,
    )


def size_workers(
    path: str,
    queue: QueueSizing,
    *,
    seconds_per_job: float,
    acceptable_latency: timedelta,
    concurrency: int = 1,
    startup_timeout: timedelta = timedelta(minutes=5),
) -> WorkerSizing:
    """What a group of workers must be set to so that it keeps up and drops no work.

    A leaving instance finishes what it has. The lifecycle hook waits for the queue's ``stop_timeout`` and a minute
    more. A hook waits two hours for a word at most, so where a job can take longer the instance must also keep itself
    from being chosen, with scale-in protection while it is busy.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html

    The oldest message's age counts the time it is worked on, too. Something is wrong once it is older than the
    acceptable latency, the boot of an instance launched for it and the longest job together.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html

    Args:
        path: path of the construct, for messages.
        queue: the queue they consume.
        seconds_per_job: how long a usual job takes.
        acceptable_latency: how long a job may wait before it is begun.
        concurrency: how many jobs one instance works at side by side, 1 to 1000.
        startup_timeout: how long a new instance takes to be of use, 30 seconds to an hour.

    Raises:
        ConstructError: for a value out of its range, and for values that contradict each other.
    """
    longest = queue.max_job.total_seconds()
    if not 0.1 <= seconds_per_job <= longest:
        fix = f"use at most the queue's max_job, {in_seconds(queue.max_job)}"
        allowed = f"between 0.1 and {longest:g}"
        raise ConstructError(path, option="seconds_per_job", given=seconds_per_job, allowed=allowed, fix=fix)
    if not 1 <= concurrency <= 1000:
        raise ConstructError(
            path, option="concurrency", given=concurrency, allowed="between 1 and 1000", fix="use 1, the usual choice"
        )
    check_startup_timeout(path, startup_timeout)
    slack = queue.retention - queue.max_job - startup_timeout
    check_within(
        path,
        "acceptable_latency",
        acceptable_latency,
        timedelta(seconds=seconds_per_job / concurrency),
        slack,
        fix="allow at least one job (seconds_per_job / concurrency), and less than the queue's retention",
    )
    waited = queue.stop_timeout + _HOOK_MARGIN
    terminate = min(waited, LONGEST_HOOK)
    return WorkerSizing(
        backlog_per_instance=backlog_per_instance(seconds_per_job, acceptable_latency, concurrency),
        launch_timeout=launch_timeout(startup_timeout),
        terminate_timeout=terminate,
        terminate_heartbeat=terminate / _HEARTBEATS,
        scale_in_protection=waited > LONGEST_HOOK,
        oldest_message_alarm=round_up(acceptable_latency + startup_timeout + queue.max_job, _MINUTE),
    )
