"""Compare scaling strategies under one load: the deployed policies, the first version's, and a constant group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from operations.simulate import measured
from operations.simulate.curve import LoadCurve
from operations.simulate.deployed import DeployedWorkers, Price
from operations.simulate.engine import SimulatedGroup, run
from operations.simulate.jobs import draw
from operations.simulate.outcome import InstanceLifetime, SimulationResult
from operations.simulate.scaling import WAITING, Policy, TargetTracking
from workspace.errors import UserError

RAW_DEPTH = TargetTracking(expression="waiting", metrics={"waiting": WAITING}, target=10, warmup=180)
"""The first version's policy: target tracking on all waiting messages, independent of the number of instances."""


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """Assumptions about jobs and instances.

    Args:
        job_seconds: Possible durations of a job in seconds, all equally likely.
        boot_seconds: Seconds from an instance's launch until it is in service.
        seed: Random seed.
    """

    job_seconds: tuple[float, ...]
    boot_seconds: float
    seed: int

    @classmethod
    def from_measurements(cls, seconds_per_job: float | None, boot_seconds: float | None, *, seed: int) -> Assumptions:
        """Create assumptions from the last measurements.

        Args:
            seconds_per_job: Duration of every job in seconds. Default: as measured.
            boot_seconds: Boot time in seconds. Default: as measured.
            seed: Random seed.
        """
        return cls(
            job_seconds=tuple(measured.job_seconds()) if seconds_per_job is None else (seconds_per_job,),
            boot_seconds=measured.boot_seconds() if boot_seconds is None else boot_seconds,
            seed=seed,
        )

    @property
    def mean_job_seconds(self) -> float:
        """Mean duration of a job in seconds."""
        return sum(self.job_seconds) / len(self.job_seconds)


@dataclass(frozen=True, kw_only=True)
class StrategyResult:
    """Result of one scaling strategy.

    Args:
        name: Display name.
        outcome: Result of the simulation.
        dollars: Cost of the instances in US dollars.
    """

    name: str
    outcome: SimulationResult
    dollars: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Results of several strategies under one load.

    Args:
        curve: The load.
        workers: Workers as deployed.
        assumptions: Assumptions about jobs and instances.
        strategies: Results by strategy; the deployed one is first.
    """

    curve: LoadCurve
    workers: DeployedWorkers
    assumptions: Assumptions
    strategies: tuple[StrategyResult, ...]


def compare(curve: LoadCurve, workers: DeployedWorkers, assumptions: Assumptions) -> Comparison:
    """Simulate a load with every strategy, with the same jobs.

    Args:
        curve: The load.
        workers: Workers as deployed.
        assumptions: Assumptions about jobs and instances.

    Raises:
        UserError: A boot or a job takes longer than the timeout of its lifecycle hook.
    """
    _check(workers, assumptions)
    jobs = draw(curve, assumptions.job_seconds, seed=assumptions.seed)

    def simulate(name: str, policies: Sequence[Policy], **sizes: int) -> StrategyResult:
        group = SimulatedGroup(concurrency=workers.concurrency, boot_seconds=assumptions.boot_seconds, **sizes)
        outcome = run(jobs, group, policies, seconds=curve.seconds)
        return StrategyResult(name=name, outcome=outcome, dollars=instance_cost(outcome, workers.price))

    bounds = {"minimum": workers.minimum, "maximum": workers.maximum, "initial_capacity": workers.initial_capacity}
    strategies = (
        simulate("deployed", workers.policies, **bounds),
        simulate("raw depth", [RAW_DEPTH], **bounds),
        simulate(f"always {workers.maximum}", [], **dict.fromkeys(bounds, workers.maximum)),
    )
    return Comparison(curve=curve, workers=workers, assumptions=assumptions, strategies=strategies)


def _check(workers: DeployedWorkers, assumptions: Assumptions) -> None:
    boot, longest = assumptions.boot_seconds, max(assumptions.job_seconds)
    if boot > workers.launch_timeout:
        raise UserError(
            f"Boot time is {boot:g} s; must be at most {workers.launch_timeout:g} s, the timeout of the launching hook "
            f"of {workers.environment}. Fix: raise QueueWorkers' startup_timeout."
        )
    if longest > workers.terminate_timeout:
        raise UserError(
            f"Job time is {longest:g} s; must be at most {workers.terminate_timeout:g} s, the timeout of the "
            f"terminating hook of {workers.environment}. Fix: raise max_job_seconds."
        )


def instance_cost(outcome: SimulationResult, price: Price) -> float:
    """Return the cost of all instances in US dollars.

    A burstable instance accrues its baseline for up to 24 hours, so surplus is computed over its whole lifetime. It is
    billed at termination at the latest.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html

    Args:
        outcome: Result of the simulation.
        price: Price of an instance.
    """
    return outcome.hours * price.hour + sum(_surplus_cost(lifetime, price) for lifetime in outcome.lifetimes)


def _surplus_cost(lifetime: InstanceLifetime, price: Price) -> float:
    if price.baseline_vcpus is None:
        return 0.0
    used = measured.BUSY_VCPUS * lifetime.busy
    included = price.baseline_vcpus * (lifetime.ended - lifetime.launched)
    return max(0.0, used - included) / 3600 * price.surplus_vcpu_hour
