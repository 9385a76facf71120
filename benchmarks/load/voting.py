"""Votes per second, compared with the database, gunicorn and the original's design on the same machine."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg

from benchmarks.load import client, original
from benchmarks.load.client import LoadGenerator
from benchmarks.load.dataset import VIDEO
from benchmarks.load.pgbench import PgbenchRun
from benchmarks.load.site import BenchmarkSite
from benchmarks.load.targets import TargetResult
from services.contest.votes import CAST

CONNECTIONS = 16
HOT, SPREAD = "one hot video", "spread over all videos"
PORTAL, DATABASE, BASELINE, ORIGINAL = "portal", "our SQL alone", "gunicorn alone", "original's design alone"
POSTGRESQL, CLIENT, BASELINE_CLIENT = "PostgreSQL", "client", "client of gunicorn alone"


@dataclass(kw_only=True)
class VoteTimings:
    """Votes per second of each round.

    Args:
        rates: rates by distribution of the votes and by implementation.
        baseline: responses per second of gunicorn alone, alternating with the loads on the portal.
        cpu_seconds: CPU time per response, by process.
        acknowledged: number of votes confirmed by the portal.
        refused: number of portal responses that were neither a new vote nor a duplicate.
    """

    rates: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    baseline: list[float] = field(default_factory=list)
    cpu_seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: int = 0
    refused: int = 0

    def rate(self, distribution: str, implementation: str) -> float:
        """Return the median of the rounds."""
        return statistics.median(self.rates[distribution, implementation])

    @property
    def targets(self) -> list[TargetResult]:
        """Targets of the votes."""
        speedup = self.rate(HOT, DATABASE) / self.rate(HOT, ORIGINAL)
        share = self.rate(SPREAD, PORTAL) / statistics.median(self.baseline)
        return [
            TargetResult(
                description="Votes for one hot video: 5 times the original's design, in the same PostgreSQL",
                measured=f"{speedup:.1f} times",
                met=speedup >= 5,
            ),
            TargetResult(
                description="Votes spread over all videos: half the rate of gunicorn without an application",
                measured=f"{share:.2f} of it",
                met=share >= 0.5,
            ),
        ]


def process_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children, ended ones included, in seconds.

    Less distorted by other load on the machine than response rates.
    """
    main, used = psutil.Process(pid), 0.0
    for process in [main, *main.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            used += sum(process.cpu_times()[:4])
    return used


def measure(
    site: BenchmarkSite, pool: ProcessPoolExecutor, *, rounds: int, seconds: float, on_progress: Callable[[str], None]
) -> VoteTimings:
    """Vote alternately through the portal and directly in the database.

    Args:
        site: portal under load.
        pool: processes of the clients.
        rounds: number of rounds.
        seconds: duration of each load.
        on_progress: called with the next step.
    """
    votes, rng = VoteTimings(), random.Random(1)
    pgbench = PgbenchRun(url=site.database_url, clients=CONNECTIONS, seconds=seconds)
    for number in range(rounds):
        hot = site.size.videos - number
        for distribution, videos in {HOT: [hot], SPREAD: range(1, site.size.videos + 1)}.items():
            requests = requests_for(site, videos, rng)
            on_progress(f"round {number + 1}, {distribution}, portal")
            _load_portal(site, pool, votes, distribution, _load(site.port, requests, seconds, once=True))
            on_progress(f"round {number + 1}, gunicorn alone")
            _load_baseline(site, pool, votes, _load(site.baseline_port, requests, seconds, once=False))
        # Different hot videos: the users have already voted for the portal's.
        video_expressions = {HOT: str(site.size.videos - rounds - number), SPREAD: f"random(1, {site.size.videos})"}
        for distribution, video in video_expressions.items():
            on_progress(f"round {number + 1}, {distribution}, pgbench")
            votes.rates[distribution, DATABASE].append(pgbench.growth("votes", _vote_script(site, video)))
            on_progress(f"round {number + 1}, {distribution}, pgbench, the original's design")
            votes.rates[distribution, ORIGINAL].append(
                pgbench.growth("original.votes", _original_vote_script(site, video))
            )
        _checkpoint(site)
    return votes


def _load_portal(
    site: BenchmarkSite, pool: ProcessPoolExecutor, votes: VoteTimings, distribution: str, load: LoadGenerator
) -> None:
    portal_cpu, database_cpu = process_cpu_seconds(site.portal.pid), process_cpu_seconds(site.database.pid)
    outcome = client.start(pool, load).result()
    votes.rates[distribution, PORTAL].append(outcome.rate(200))
    for name, used in {
        PORTAL: process_cpu_seconds(site.portal.pid) - portal_cpu,
        POSTGRESQL: process_cpu_seconds(site.database.pid) - database_cpu,
        CLIENT: outcome.cpu_seconds,
    }.items():
        votes.cpu_seconds[name].append(outcome.per_response(used))
    votes.acknowledged += outcome.statuses[200]
    votes.refused += sum(count for status, count in outcome.statuses.items() if status not in (200, 400))


def _load_baseline(site: BenchmarkSite, pool: ProcessPoolExecutor, votes: VoteTimings, load: LoadGenerator) -> None:
    before = process_cpu_seconds(site.baseline.pid)
    outcome = client.start(pool, load).result()
    votes.baseline.append(outcome.rate(200))
    votes.cpu_seconds[BASELINE].append(outcome.per_response(process_cpu_seconds(site.baseline.pid) - before))
    votes.cpu_seconds[BASELINE_CLIENT].append(outcome.per_response(outcome.cpu_seconds))


def _checkpoint(site: BenchmarkSite) -> None:
    """Flush the database now rather than during the next load."""
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def requests_for(site: BenchmarkSite, videos: Sequence[int], rng: random.Random) -> list[bytes]:
    """Build a vote request of each user with a token, for a random video.

    Args:
        site: portal under load.
        videos: numbers of the videos to choose from.
        rng: random generator.
    """
    with psycopg.connect(site.database_url) as connection:
        rows = connection.execute(f"SELECT {VIDEO.format(number='n')} FROM generate_series(1, {site.size.videos}) AS n")
        ids = [str(row[0]) for row in rows]
    return [
        client.request(
            "POST",
            f"/api/public/videos/{ids[rng.choice(videos) - 1]}/vote",
            token=token,
            address=f"198.{18 + rng.randrange(2)}.{rng.randrange(256)}.{rng.randrange(256)}",
        )
        for token in site.tokens
    ]


def render_table(votes: VoteTimings) -> str:
    """Render rates, ratios and CPU times as Markdown."""
    lines = [
        (
            "| Votes per second | portal, HTTP | ratio to gunicorn alone | our SQL, pgbench "
            "| original's design, pgbench | ratio to the original |"
        ),
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    baseline = statistics.median(votes.baseline)
    for distribution in (HOT, SPREAD):
        portal, ours, theirs = (votes.rate(distribution, name) for name in (PORTAL, DATABASE, ORIGINAL))
        lines.append(
            f"| {distribution} | {portal:,.0f} | {portal / baseline:.2f} "
            f"| {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.1f} |"
        )
    names = (PORTAL, POSTGRESQL, CLIENT, BASELINE, BASELINE_CLIENT)
    microseconds = {name: 1e6 * statistics.median(votes.cpu_seconds[name]) for name in names}
    min_vote, baseline_total = (
        microseconds[POSTGRESQL] + microseconds[CLIENT],
        microseconds[BASELINE] + microseconds[BASELINE_CLIENT],
    )
    return "\n".join(
        [
            *lines,
            "",
            (
                f"{CONNECTIONS} connections each. gunicorn alone serves {baseline:,.0f} requests per second "
                f"({min(votes.baseline):,.0f} to {max(votes.baseline):,.0f}), measured alternately with the portal. "
                f"{votes.acknowledged:,} votes were confirmed over HTTP, {votes.refused} had other responses."
            ),
            "",
            f"| CPU time per vote, µs: {' | '.join(names[:3])} | per baseline request: {' | '.join(names[3:])} |",
            "| ---: | ---: | ---: | ---: | ---: |",
            f"| {' | '.join(f'{value:,.0f}' for value in microseconds.values())} |",
            "",
            (
                f"All share the cores. If the portal used no CPU time, a vote would take {min_vote:,.0f} µs, and a "
                f"baseline request takes {baseline_total:,.0f} µs: at most {baseline_total / min_vote:.2f} of its rate."
            ),
        ]
    )


def _load(port: int, requests: list[bytes], seconds: float, *, once: bool) -> LoadGenerator:
    return LoadGenerator(port=port, requests=requests, connections=CONNECTIONS, seconds=seconds, once=once)


def _vote_script(site: BenchmarkSite, video: str) -> str:
    statement = (
        str(CAST.text).replace(":video_id", VIDEO.format(number=":video")).replace(":network", "'198.18.0.0/24'")
    )
    return f"\\set user_id random(1, {site.size.users})\n\\set video {video}\n{statement};\n"


def _original_vote_script(site: BenchmarkSite, video: str) -> str:
    script = original.VOTE.replace(":video_id", VIDEO.format(number=":video"))
    return f"\\set user_id random(1, {site.size.users})\n\\set video {video}\n{script}"
