"""Votes per second with and without viewers of the ranking."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from benchmarks.load import client, voting
from benchmarks.load.client import LoadGenerator, RequestOutcome
from benchmarks.load.site import BenchmarkSite
from benchmarks.load.targets import TargetResult

_POLL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class ViewerTimings:
    """Votes with and without viewers.

    Args:
        viewers: number of viewers.
        without_viewers: outcome of the votes alone.
        with_viewers: outcome of the votes during viewing.
        viewing: outcome of the viewers' requests.
    """

    viewers: int
    without_viewers: RequestOutcome
    with_viewers: RequestOutcome
    viewing: RequestOutcome

    @property
    def targets(self) -> list[TargetResult]:
        """Targets of the votes."""
        share = self.with_viewers.rate(200) / self.without_viewers.rate(200)
        return [
            TargetResult(
                description=f"{self.viewers:,} viewers: voters keep at least half of their rate",
                measured=f"{share:.2f} of it",
                met=share >= 0.5,
            )
        ]


def measure(
    site: BenchmarkSite, pool: ProcessPoolExecutor, *, viewers: int, seconds: float, on_progress: Callable[[str], None]
) -> ViewerTimings:
    """Vote without viewers, then while the viewers request the ranking every five seconds."""
    rng = random.Random(4)
    all_videos = range(1, site.size.videos + 1)

    def votes() -> LoadGenerator:
        requests = voting.requests_for(site, all_videos, rng)
        return LoadGenerator(port=site.port, requests=requests, connections=8, seconds=seconds, once=True)

    on_progress("no viewers")
    without_viewers = client.start(pool, votes()).result()
    on_progress(f"{viewers} viewers")
    viewing = client.start(
        pool,
        LoadGenerator(
            port=site.port,
            requests=[client.request("GET", "/rankings/list")],
            connections=viewers,
            seconds=seconds + _POLL_SECONDS,
            every=_POLL_SECONDS,
        ),
    )
    with_viewers = client.start(pool, votes()).result()
    return ViewerTimings(
        viewers=viewers, without_viewers=without_viewers, with_viewers=with_viewers, viewing=viewing.result()
    )


def render_table(timings: ViewerTimings) -> str:
    """Render the rates and their ratio as Markdown."""
    without, with_viewers = timings.without_viewers.rate(200), timings.with_viewers.rate(200)
    unchanged = timings.viewing.statuses[304] / max(1, sum(timings.viewing.statuses.values()))
    return "\n".join(
        [
            f"| Votes per second, no viewers | {timings.viewers:,} viewers | ratio | viewers' p95 | unchanged |",
            "| ---: | ---: | ---: | ---: | ---: |",
            (
                f"| {without:,.0f} | {with_viewers:,.0f} | {with_viewers / without:.2f} "
                f"| {timings.viewing.latency(0.95) * 1e3:.0f} ms | {unchanged:.0%} |"
            ),
            "",
            f"Viewers request the ranking every {_POLL_SECONDS:.0f} s, with the ETag of its last response.",
        ]
    )
