"""What the instances of an outcome cost."""

from __future__ import annotations

from operations.simulate.deployed import Price
from operations.simulate.measured import BUSY_VCPUS
from operations.simulate.outcome import Life, SimulationResult


def dollars(outcome: SimulationResult, price: Price) -> float:
    """US dollars for the instances, from their launch to their end.

    A burstable instance's baseline may be saved up for a day, so what it works beyond is counted over its whole life.
    What is beyond is owed at its end at the latest.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html

    Args:
        outcome: what became of a load.
        price: of an instance.
    """
    return outcome.hours * price.hour + sum(_surplus(life, price) for life in outcome.lives)


def _surplus(life: Life, price: Price) -> float:
    if price.baseline_vcpus is None:
        return 0.0
    used, held = BUSY_VCPUS * life.busy, price.baseline_vcpus * (life.ended - life.launched)
    return max(0.0, used - held) / 3600 * price.surplus_vcpu_hour
