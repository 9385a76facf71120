"""A queue, its workers and their Auto Scaling group, event by event. The same jobs give the same outcome, always."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from operations.simulate.jobs import SimulatedJob
from operations.simulate.outcome import Life, Minute, SimulationResult
from operations.simulate.scaling import INSTANCES, PERIOD, PUBLISHED_AFTER, WAITING, Point, Policy, ScalingGroup

QUIET_AFTER = 6 * 3600.0
REPORTED_AGAIN_AFTER = 15 * 60.0
"""SQS stops reporting a queue that nobody asked anything of for six hours, and takes up to a quarter of an hour to
report it again; the worst is assumed.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html"""


@dataclass(frozen=True, kw_only=True)
class SimulatedGroup:
    """The workers' group.

    Args:
        minimum, maximum: never fewer, never more instances.
        at_first: how many there are when the load begins, long since warm.
        jobs_at_once: how many jobs an instance works at side by side.
        boot_seconds: from an instance's launch until it is in service and works.
    """

    minimum: int
    maximum: int
    at_first: int
    jobs_at_once: int
    boot_seconds: float


class _Kind(IntEnum):
    # Of what happens at one moment, a slot is free before a message comes, and both before somebody counts.
    DONE = 0
    IN_SERVICE = 1
    ARRIVES = 2
    MINUTE = 3


@dataclass(eq=False)
class _Instance:
    launched: float
    in_service: float | None = None
    leaving: bool = False
    ended: float | None = None
    running: int = 0
    busy_since: float = 0.0
    busy: float = 0.0


@dataclass
class _World:
    fleet: SimulatedGroup
    policies: Sequence[Policy]
    events: list[tuple[float, _Kind, int, Any]] = field(default_factory=list)
    number: itertools.count[int] = field(default_factory=itertools.count)
    queue: deque[int] = field(default_factory=deque)
    instances: list[_Instance] = field(default_factory=list)
    gone: list[_Instance] = field(default_factory=list)
    begun: dict[int, float] = field(default_factory=dict)
    done: int = 0
    desired: int = 0
    asked: float = 0.0
    reported_from: float = 0.0
    points: list[Point] = field(default_factory=list)
    minutes: list[Minute] = field(default_factory=list)
    changes: list[tuple[float, int]] = field(default_factory=list)

    def at(self, moment: float, kind: _Kind, what: Any = None) -> None:
        heapq.heappush(self.events, (moment, kind, next(self.number), what))

    def serving(self) -> list[_Instance]:
        return [each for each in self.instances if each.in_service is not None and not each.leaving]

    def launch(self, moment: float) -> None:
        instance = _Instance(launched=moment)
        self.instances.append(instance)
        self.at(moment + self.fleet.boot_seconds, _Kind.IN_SERVICE, instance)

    def hand_out(self, moment: float, jobs: Sequence[SimulatedJob]) -> None:
        """Free slots take what has waited longest: a long poll is answered as soon as a message is there."""
        for instance in self.serving():
            while self.queue and instance.running < self.fleet.jobs_at_once:
                number = self.queue.popleft()
                self.begun[number] = moment
                if not instance.running:
                    instance.busy_since = moment
                instance.running += 1
                self.at(moment + jobs[number].seconds, _Kind.DONE, instance)

    def finish(self, moment: float, instance: _Instance) -> None:
        self.done += 1
        instance.running -= 1
        if not instance.running:
            instance.busy += moment - instance.busy_since
            if instance.leaving:
                self.end(moment, instance)

    def end(self, moment: float, instance: _Instance) -> None:
        instance.ended = moment
        self.instances.remove(instance)
        self.gone.append(instance)

    def set_desired(self, moment: float, wanted: int) -> None:
        wanted = min(max(wanted, self.fleet.minimum), self.fleet.maximum)
        if wanted == self.desired:
            return
        self.desired = wanted
        self.changes.append((moment, wanted))
        staying = [each for each in self.instances if not each.leaving]
        for _ in range(wanted - len(staying)):
            self.launch(moment)
        # The oldest go first. A leaving instance finishes what it has begun: its terminating hook waits for it.
        for instance in self.serving()[: max(0, len(staying) - wanted)]:
            instance.leaving = True
            if not instance.running:
                self.end(moment, instance)

    def minute(self, moment: float) -> None:
        serving = self.serving()
        leaving = sum(each.leaving for each in self.instances)
        if serving:
            self.touch(moment)
        waiting = None if moment - self.asked > QUIET_AFTER or moment < self.reported_from else float(len(self.queue))
        self.points.append({WAITING: waiting, INSTANCES: float(len(serving))})
        self.minutes.append(Minute(moment, len(self.queue), len(serving), len(self.instances)))
        group = ScalingGroup(
            desired=self.desired,
            ages=tuple(moment - each.in_service for each in serving if each.in_service is not None),
            launching=len(self.instances) - len(serving) - leaving,
            leaving=leaving,
        )
        seen = self.points[: len(self.points) - PUBLISHED_AFTER]
        # Where policies disagree, the largest group is made.
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scale-based-on-demand.html
        asked = [wanted for policy in self.policies if (wanted := policy.asks(seen, group)) is not None]
        if asked:
            self.set_desired(moment, max(asked))

    def touch(self, moment: float) -> None:
        """Somebody asks something of the queue."""
        if moment - self.asked > QUIET_AFTER:
            self.reported_from = moment + REPORTED_AGAIN_AFTER
        self.asked = moment


def run(
    jobs: Sequence[SimulatedJob], fleet: SimulatedGroup, policies: Sequence[Policy], *, seconds: float
) -> SimulationResult:
    """What becomes of some jobs.

    Args:
        jobs: in the order they arrive.
        fleet: who works.
        policies: how the group scales; with none, it stays as it is at first.
        seconds: when to stop and look.
    """
    world = _World(fleet=fleet, policies=policies, desired=fleet.at_first)
    for _ in range(fleet.at_first):
        # Of age: what was launched for an earlier load is warm by now.
        world.instances.append(_Instance(launched=0.0, in_service=float("-inf")))
    for number, job in enumerate(jobs):
        world.at(job.arrives, _Kind.ARRIVES, number)
    for minute in range(1, int(seconds // PERIOD) + 1):
        world.at(minute * PERIOD, _Kind.MINUTE)
    while world.events and world.events[0][0] <= seconds:
        moment, kind, _, what = heapq.heappop(world.events)
        if kind is _Kind.MINUTE:
            world.minute(moment)
            continue
        if kind is _Kind.DONE:
            world.finish(moment, what)
        elif kind is _Kind.IN_SERVICE:
            what.in_service = moment
        else:
            world.queue.append(what)
            world.touch(moment)
        world.hand_out(moment, jobs)
    return _outcome(world, jobs, seconds)


def _outcome(world: _World, jobs: Sequence[SimulatedJob], seconds: float) -> SimulationResult:
    for instance in world.instances:
        if instance.running:
            instance.busy += seconds - instance.busy_since
    lives = [
        Life(each.launched, seconds if each.ended is None else each.ended, each.busy)
        for each in sorted([*world.gone, *world.instances], key=lambda each: each.launched)
    ]
    arrived = [(number, job.arrives) for number, job in enumerate(jobs) if job.arrives <= seconds]
    return SimulationResult(
        seconds=seconds,
        waits=tuple((arrives, world.begun.get(number, seconds) - arrives) for number, arrives in arrived),
        waiting=len(world.queue),
        working=len(world.begun) - world.done,
        done=world.done,
        minutes=tuple(world.minutes),
        changes=tuple(world.changes),
        lives=tuple(lives),
    )
