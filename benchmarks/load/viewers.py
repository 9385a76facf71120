"""Votes in a second with and without a crowd that watches the ranking."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from benchmarks.load import client, voting
from benchmarks.load.client import LoadGenerator, RequestOutcome
from benchmarks.load.site import BenchmarkSite
from benchmarks.load.targets import Goal

_EVERY = 5.0


@dataclass(frozen=True, kw_only=True)
class ViewerTimings:
    """Votes, alone and beside viewers.

    Args:
        viewers: who watch.
        alone: the votes without them.
        beside: the votes with them.
        watching: what the viewers were answered.
    """

    viewers: int
    alone: RequestOutcome
    beside: RequestOutcome
    watching: RequestOutcome

    @property
    def goals(self) -> list[Goal]:
        """What is wanted of them."""
        share = self.beside.rate(200) / self.alone.rate(200)
        return [
            Goal(
                wanted=f"{self.viewers:,} viewers leave voters at least half of their rate",
                found=f"{share:.2f} of it",
                met=share >= 0.5,
            )
        ]


def measure(
    site: BenchmarkSite, pool: ProcessPoolExecutor, *, viewers: int, seconds: float, told: Callable[[str], None]
) -> ViewerTimings:
    """Vote, first alone, then while the viewers ask for the ranking every five seconds."""
    dice = random.Random(4)
    everywhere = range(1, site.size.videos + 1)

    def votes() -> LoadGenerator:
        requests = voting.requests_for(site, everywhere, dice)
        return LoadGenerator(port=site.port, requests=requests, connections=8, seconds=seconds, once=True)

    told("nobody watches")
    alone = client.start(pool, votes()).result()
    told(f"{viewers} watch")
    watching = client.start(
        pool,
        LoadGenerator(
            port=site.port,
            requests=[client.request("GET", "/rankings/list")],
            connections=viewers,
            seconds=seconds + _EVERY,
            every=_EVERY,
        ),
    )
    beside = client.start(pool, votes()).result()
    return ViewerTimings(viewers=viewers, alone=alone, beside=beside, watching=watching.result())


def table(found: ViewerTimings) -> str:
    """The rates and their ratio as Markdown."""
    alone, beside = found.alone.rate(200), found.beside.rate(200)
    unchanged = found.watching.statuses[304] / max(1, sum(found.watching.statuses.values()))
    return "\n".join(
        [
            f"| Votes in a second, nobody watches | {found.viewers:,} watch | of it | viewers' p95 | unchanged |",
            "| ---: | ---: | ---: | ---: | ---: |",
            (
                f"| {alone:,.0f} | {beside:,.0f} | {beside / alone:.2f} "
                f"| {found.watching.latency(0.95) * 1e3:.0f} ms | {unchanged:.0%} |"
            ),
            "",
            f"Each asks for the list of the open ranking every {_EVERY:.0f} s, with the ETag of its last answer.",
        ]
    )
