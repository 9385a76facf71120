"""Deterministic discrete-event simulation of a queue, its workers and their Auto Scaling group."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from operations.simulate.jobs import SimulatedJob
from operations.simulate.outcome import InstanceLifetime, MinuteSample, SimulationResult
from operations.simulate.scaling import INSTANCES, PERIOD, PUBLISHED_AFTER, WAITING, Point, Policy, ScalingGroup

INACTIVE_AFTER = 6 * 3600.0
REPORTED_AGAIN_AFTER = 15 * 60.0
"""SQS stops reporting metrics of a queue after six hours without requests, and resumes within 15 minutes; the
simulation assumes 15.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html"""


@dataclass(frozen=True, kw_only=True)
class SimulatedGroup:
    """The workers' Auto Scaling group.

    Args:
        minimum, maximum: Minimum and maximum number of instances.
        initial_capacity: Number of instances at the start, all warm.
        concurrency: Jobs that an instance processes in parallel.
        boot_seconds: Seconds from an instance's launch until it is in service.
    """

    minimum: int
    maximum: int
    initial_capacity: int
    concurrency: int
    boot_seconds: float


class _EventKind(IntEnum):
    # Order of simultaneous events: slots free up first, then messages arrive, then metrics are sampled.
    JOB_DONE = 0
    IN_SERVICE = 1
    ARRIVAL = 2
    SAMPLE = 3


@dataclass(eq=False)
class _Instance:
    launched: float
    in_service: float | None = None
    draining: bool = False
    ended: float | None = None
    running: int = 0
    busy_since: float = 0.0
    busy: float = 0.0


@dataclass
class _Simulation:
    group: SimulatedGroup
    policies: Sequence[Policy]
    events: list[tuple[float, _EventKind, int, Any]] = field(default_factory=list)
    number: itertools.count[int] = field(default_factory=itertools.count)
    queue: deque[int] = field(default_factory=deque)
    instances: list[_Instance] = field(default_factory=list)
    terminated: list[_Instance] = field(default_factory=list)
    started: dict[int, float] = field(default_factory=dict)
    done: int = 0
    desired: int = 0
    last_request: float = 0.0
    reported_from: float = 0.0
    points: list[Point] = field(default_factory=list)
    minutes: list[MinuteSample] = field(default_factory=list)
    capacity_changes: list[tuple[float, int]] = field(default_factory=list)

    def schedule(self, moment: float, kind: _EventKind, subject: Any = None) -> None:
        heapq.heappush(self.events, (moment, kind, next(self.number), subject))

    def in_service(self) -> list[_Instance]:
        return [each for each in self.instances if each.in_service is not None and not each.draining]

    def launch(self, moment: float) -> None:
        instance = _Instance(launched=moment)
        self.instances.append(instance)
        self.schedule(moment + self.group.boot_seconds, _EventKind.IN_SERVICE, instance)

    def assign_jobs(self, moment: float, jobs: Sequence[SimulatedJob]) -> None:
        """Assign the oldest messages to free slots at once, as long polling does."""
        for instance in self.in_service():
            while self.queue and instance.running < self.group.concurrency:
                number = self.queue.popleft()
                self.started[number] = moment
                if not instance.running:
                    instance.busy_since = moment
                instance.running += 1
                self.schedule(moment + jobs[number].seconds, _EventKind.JOB_DONE, instance)

    def finish_job(self, moment: float, instance: _Instance) -> None:
        self.done += 1
        instance.running -= 1
        if not instance.running:
            instance.busy += moment - instance.busy_since
            if instance.draining:
                self.terminate(moment, instance)

    def terminate(self, moment: float, instance: _Instance) -> None:
        instance.ended = moment
        self.instances.remove(instance)
        self.terminated.append(instance)

    def set_desired_capacity(self, moment: float, capacity: int) -> None:
        capacity = min(max(capacity, self.group.minimum), self.group.maximum)
        if capacity == self.desired:
            return
        self.desired = capacity
        self.capacity_changes.append((moment, capacity))
        staying = [each for each in self.instances if not each.draining]
        for _ in range(capacity - len(staying)):
            self.launch(moment)
        # The oldest terminate first. A draining instance finishes its jobs: its terminating hook waits.
        for instance in self.in_service()[: max(0, len(staying) - capacity)]:
            instance.draining = True
            if not instance.running:
                self.terminate(moment, instance)

    def sample(self, moment: float) -> None:
        in_service = self.in_service()
        draining = sum(each.draining for each in self.instances)
        if in_service:
            self.record_request(moment)
        waiting = (
            None
            if moment - self.last_request > INACTIVE_AFTER or moment < self.reported_from
            else float(len(self.queue))
        )
        self.points.append({WAITING: waiting, INSTANCES: float(len(in_service))})
        self.minutes.append(MinuteSample(moment, len(self.queue), len(in_service), len(self.instances)))
        group = ScalingGroup(
            desired=self.desired,
            ages=tuple(moment - each.in_service for each in in_service if each.in_service is not None),
            launching=len(self.instances) - len(in_service) - draining,
            draining=draining,
        )
        published = self.points[: len(self.points) - PUBLISHED_AFTER]
        # If policies disagree, Auto Scaling applies the largest capacity.
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scale-based-on-demand.html
        capacities = [
            each for policy in self.policies if (each := policy.desired_capacity(published, group)) is not None
        ]
        if capacities:
            self.set_desired_capacity(moment, max(capacities))

    def record_request(self, moment: float) -> None:
        """Record a request to the queue, which keeps its metrics reported."""
        if moment - self.last_request > INACTIVE_AFTER:
            self.reported_from = moment + REPORTED_AGAIN_AFTER
        self.last_request = moment


def run(
    jobs: Sequence[SimulatedJob], group: SimulatedGroup, policies: Sequence[Policy], *, seconds: float
) -> SimulationResult:
    """Simulate a group that processes jobs.

    Args:
        jobs: Jobs in order of arrival.
        group: The workers' group.
        policies: Scaling policies; without any, the capacity stays constant.
        seconds: Duration of the simulation in seconds.
    """
    simulation = _Simulation(group=group, policies=policies, desired=group.initial_capacity)
    for _ in range(group.initial_capacity):
        # Initial instances are past their warm-up.
        simulation.instances.append(_Instance(launched=0.0, in_service=float("-inf")))
    for number, job in enumerate(jobs):
        simulation.schedule(job.arrives, _EventKind.ARRIVAL, number)
    for minute in range(1, int(seconds // PERIOD) + 1):
        simulation.schedule(minute * PERIOD, _EventKind.SAMPLE)
    while simulation.events and simulation.events[0][0] <= seconds:
        moment, kind, _, subject = heapq.heappop(simulation.events)
        if kind is _EventKind.SAMPLE:
            simulation.sample(moment)
            continue
        if kind is _EventKind.JOB_DONE:
            simulation.finish_job(moment, subject)
        elif kind is _EventKind.IN_SERVICE:
            subject.in_service = moment
        else:
            simulation.queue.append(subject)
            simulation.record_request(moment)
        simulation.assign_jobs(moment, jobs)
    return _result(simulation, jobs, seconds)


def _result(simulation: _Simulation, jobs: Sequence[SimulatedJob], seconds: float) -> SimulationResult:
    for instance in simulation.instances:
        if instance.running:
            instance.busy += seconds - instance.busy_since
    lifetimes = [
        InstanceLifetime(each.launched, seconds if each.ended is None else each.ended, each.busy)
        for each in sorted([*simulation.terminated, *simulation.instances], key=lambda each: each.launched)
    ]
    arrived = [(number, job.arrives) for number, job in enumerate(jobs) if job.arrives <= seconds]
    return SimulationResult(
        seconds=seconds,
        waits=tuple((arrives, simulation.started.get(number, seconds) - arrives) for number, arrives in arrived),
        waiting=len(simulation.queue),
        working=len(simulation.started) - simulation.done,
        done=simulation.done,
        minutes=tuple(simulation.minutes),
        changes=tuple(simulation.capacity_changes),
        lifetimes=tuple(lifetimes),
    )
