"""One load, met by the deployed policies, by the first version's, and by a fleet that never changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from operations.simulate import measured
from operations.simulate.cost import dollars
from operations.simulate.curve import LoadCurve
from operations.simulate.deployed import DeployedWorkers
from operations.simulate.engine import SimulatedGroup, run
from operations.simulate.jobs import draw
from operations.simulate.outcome import SimulationResult
from operations.simulate.scaling import WAITING, Policy, TargetTracking
from workspace.errors import UserError

RAW_DEPTH = TargetTracking(expression="waiting", metrics={"waiting": WAITING}, target=10, warmup=180)
"""The first version's policy: target tracking on all waiting messages, however many work."""


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What is taken for granted of instances and jobs.

    Args:
        job_seconds: how long jobs take, each as likely as the others.
        boot_seconds: from an instance's launch until it is in service and works.
        seed: of the random numbers.
    """

    job_seconds: tuple[float, ...]
    boot_seconds: float
    seed: int

    @classmethod
    def measured_or(cls, seconds_per_job: float | None, boot_seconds: float | None, *, seed: int) -> Assumed:
        """What was measured, where nothing else is said.

        Args:
            seconds_per_job: of every job.
            boot_seconds: of every boot.
            seed: of the random numbers.
        """
        return cls(
            job_seconds=tuple(measured.job_seconds()) if seconds_per_job is None else (seconds_per_job,),
            boot_seconds=measured.boot_seconds() if boot_seconds is None else boot_seconds,
            seed=seed,
        )

    @property
    def usual_job(self) -> float:
        """Seconds of a job on average."""
        return sum(self.job_seconds) / len(self.job_seconds)


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A way to scale, and what became of the load with it.

    Args:
        name: what people call it.
        outcome: what became.
        dollars: what its instances cost.
    """

    name: str
    outcome: SimulationResult
    dollars: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One load, met by several.

    Args:
        curve: the load.
        workers: what is deployed.
        assumed: what is taken for granted.
        contenders: the deployed one first.
    """

    curve: LoadCurve
    workers: DeployedWorkers
    assumed: Assumed
    contenders: tuple[Contender, ...]


def compare(curve: LoadCurve, workers: DeployedWorkers, assumed: Assumed) -> Comparison:
    """Run a load against all of them. Each meets the same jobs.

    Args:
        curve: the load.
        workers: what is deployed.
        assumed: what is taken for granted.

    Raises:
        UserError: a boot or a job takes longer than its lifecycle hook waits.
    """
    _check(workers, assumed)
    jobs = draw(curve, assumed.job_seconds, seed=assumed.seed)

    def contender(name: str, policies: Sequence[Policy], **sizes: int) -> Contender:
        fleet = SimulatedGroup(jobs_at_once=workers.jobs_at_once, boot_seconds=assumed.boot_seconds, **sizes)
        outcome = run(jobs, fleet, policies, seconds=curve.seconds)
        return Contender(name=name, outcome=outcome, dollars=dollars(outcome, workers.price))

    bounds = {"minimum": workers.minimum, "maximum": workers.maximum, "at_first": workers.at_first}
    contenders = (
        contender("deployed", workers.policies, **bounds),
        contender("raw depth", [RAW_DEPTH], **bounds),
        contender(f"always {workers.maximum}", [], **dict.fromkeys(bounds, workers.maximum)),
    )
    return Comparison(curve=curve, workers=workers, assumed=assumed, contenders=contenders)


def _check(workers: DeployedWorkers, assumed: Assumed) -> None:
    boot, longest = assumed.boot_seconds, max(assumed.job_seconds)
    if boot > workers.launch_timeout:
        raise UserError(
            f"A boot takes {boot:g} s; allowed are up to {workers.launch_timeout:g} s: then the launching hook of "
            f"{workers.environment} gives an instance up, and none ever works. To mend it: raise QueueWorkers' "
            "startup_timeout"
        )
    if longest > workers.terminate_timeout:
        raise UserError(
            f"A job takes {longest:g} s; allowed are up to {workers.terminate_timeout:g} s: that long the terminating "
            f"hook of {workers.environment} waits for a leaving instance. To mend it: raise max_job_seconds"
        )
