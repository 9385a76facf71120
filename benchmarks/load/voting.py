"""Votes in a second, beside what the database, gunicorn and the original's design do on the same machine."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import psycopg

from benchmarks.load import client, cpu, original
from benchmarks.load.client import LoadGenerator
from benchmarks.load.dataset import VIDEO
from benchmarks.load.pgbench import PgbenchRun
from benchmarks.load.site import BenchmarkSite
from benchmarks.load.targets import Goal
from services.contest.votes import CAST

CONNECTIONS = 16
HOT, SPREAD = "one hot video", "spread over all videos"
PORTAL, DATABASE, BARE, ORIGINAL = "portal", "our SQL alone", "gunicorn alone", "original's design alone"
POSTGRESQL, CLIENT, CLIENT_OF_BARE = "PostgreSQL", "client", "client of gunicorn alone"


@dataclass(kw_only=True)
class VoteTimings:
    """Votes in a second, round by round.

    Args:
        rates: by what was voted for and what took the votes.
        bare: answers in a second of gunicorn alone, which knows no videos; in turn with the portal's loads.
        spent: processor seconds of each answer, by who computed.
        acknowledged: votes that the portal confirmed.
        refused: answers of the portal that were neither a vote nor the word that there is one already.
    """

    rates: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    bare: list[float] = field(default_factory=list)
    spent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: int = 0
    refused: int = 0

    def rate(self, what: str, by: str) -> float:
        """The median of the rounds."""
        return statistics.median(self.rates[what, by])

    @property
    def goals(self) -> list[Goal]:
        """What is wanted of them."""
        faster = self.rate(HOT, DATABASE) / self.rate(HOT, ORIGINAL)
        share = self.rate(SPREAD, PORTAL) / statistics.median(self.bare)
        return [
            Goal(
                wanted="Votes for one hot video: 5 times the original's design, in the same PostgreSQL",
                found=f"{faster:.1f} times",
                met=faster >= 5,
            ),
            Goal(
                wanted="Votes spread over the videos: half of what gunicorn answers without an application",
                found=f"{share:.2f} of it",
                met=share >= 0.5,
            ),
        ]


def measure(
    site: BenchmarkSite, pool: ProcessPoolExecutor, *, rounds: int, seconds: float, told: Callable[[str], None]
) -> VoteTimings:
    """Vote through the portal and past it, in turn.

    Args:
        told: is told what is measured.
    """
    votes, dice = VoteTimings(), random.Random(1)
    pgbench = PgbenchRun(url=site.database_url, clients=CONNECTIONS, seconds=seconds)
    for number in range(rounds):
        hot = site.size.videos - number
        for what, chosen in {HOT: [hot], SPREAD: range(1, site.size.videos + 1)}.items():
            requests = requests_for(site, chosen, dice)
            told(f"round {number + 1}, {what}, portal")
            _vote(site, pool, votes, what, _load(site.port, requests, seconds, once=True))
            told(f"round {number + 1}, gunicorn alone")
            _ask_bare(site, pool, votes, _load(site.bare_port, requests, seconds, once=False))
        # Other hot videos than the portal's: their voters have voted.
        videos = {HOT: str(site.size.videos - rounds - number), SPREAD: f"random(1, {site.size.videos})"}
        for what, video in videos.items():
            told(f"round {number + 1}, {what}, pgbench")
            votes.rates[what, DATABASE].append(pgbench.growth("votes", _ours(site, video)))
            told(f"round {number + 1}, {what}, pgbench, the original's design")
            votes.rates[what, ORIGINAL].append(pgbench.growth("original.votes", _originals(site, video)))
        _settle(site)
    return votes


def _vote(site: BenchmarkSite, pool: ProcessPoolExecutor, votes: VoteTimings, what: str, load: LoadGenerator) -> None:
    portal, database = cpu.seconds(site.portal.pid), cpu.seconds(site.database.pid)
    outcome = client.start(pool, load).result()
    votes.rates[what, PORTAL].append(outcome.rate(200))
    for name, used in {
        PORTAL: cpu.seconds(site.portal.pid) - portal,
        POSTGRESQL: cpu.seconds(site.database.pid) - database,
        CLIENT: outcome.processor,
    }.items():
        votes.spent[name].append(outcome.per_answer(used))
    votes.acknowledged += outcome.statuses[200]
    votes.refused += sum(count for status, count in outcome.statuses.items() if status not in (200, 400))


def _ask_bare(site: BenchmarkSite, pool: ProcessPoolExecutor, votes: VoteTimings, load: LoadGenerator) -> None:
    before = cpu.seconds(site.bare.pid)
    outcome = client.start(pool, load).result()
    votes.bare.append(outcome.rate(200))
    votes.spent[BARE].append(outcome.per_answer(cpu.seconds(site.bare.pid) - before))
    votes.spent[CLIENT_OF_BARE].append(outcome.per_answer(outcome.processor))


def _settle(site: BenchmarkSite) -> None:
    """Let the database write now what it would write during the next load."""
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def requests_for(site: BenchmarkSite, videos: Sequence[int], dice: random.Random) -> list[bytes]:
    """A vote of everybody with a token.

    Args:
        videos: numbers of those to vote for, one of them each.
    """
    with psycopg.connect(site.database_url) as connection:
        rows = connection.execute(f"SELECT {VIDEO.format(number='n')} FROM generate_series(1, {site.size.videos}) AS n")
        ids = [str(row[0]) for row in rows]
    return [
        client.request(
            "POST",
            f"/api/public/videos/{ids[dice.choice(videos) - 1]}/vote",
            token=token,
            address=f"198.{18 + dice.randrange(2)}.{dice.randrange(256)}.{dice.randrange(256)}",
        )
        for token in site.tokens
    ]


def table(votes: VoteTimings) -> str:
    """Rates, their ratios and where the time goes, as Markdown."""
    lines = [
        (
            "| Votes in a second | portal, HTTP | of gunicorn alone | our SQL, pgbench "
            "| original's design, pgbench | ours : original's |"
        ),
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    bare = statistics.median(votes.bare)
    for what in (HOT, SPREAD):
        portal, ours, theirs = (votes.rate(what, by) for by in (PORTAL, DATABASE, ORIGINAL))
        lines.append(
            f"| {what} | {portal:,.0f} | {portal / bare:.2f} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.1f} |"
        )
    names = (PORTAL, POSTGRESQL, CLIENT, BARE, CLIENT_OF_BARE)
    spent = {name: 1e6 * statistics.median(votes.spent[name]) for name in names}
    beside, least = spent[POSTGRESQL] + spent[CLIENT], spent[BARE] + spent[CLIENT_OF_BARE]
    return "\n".join(
        [
            *lines,
            "",
            (
                f"{CONNECTIONS} connections each. gunicorn alone answers {bare:,.0f} requests in a second "
                f"({min(votes.bare):,.0f} to {max(votes.bare):,.0f}), asked in turn with the portal. "
                f"{votes.acknowledged:,} votes were confirmed over HTTP, {votes.refused} answered otherwise."
            ),
            "",
            f"| Processor time of a vote, µs: {' | '.join(names[:3])} | of an answer: {' | '.join(names[3:])} |",
            "| ---: | ---: | ---: | ---: | ---: |",
            f"| {' | '.join(f'{each:,.0f}' for each in spent.values())} |",
            "",
            (
                f"All share the cores. Were the portal to compute nothing, a vote would take {beside:,.0f} µs beside "
                f"{least:,.0f} µs of a bare answer: at most {least / beside:.2f} of its rate."
            ),
        ]
    )


def _load(port: int, requests: list[bytes], seconds: float, *, once: bool) -> LoadGenerator:
    return LoadGenerator(port=port, requests=requests, connections=CONNECTIONS, seconds=seconds, once=once)


def _ours(site: BenchmarkSite, video: str) -> str:
    statement = (
        str(CAST.text).replace(":video_id", VIDEO.format(number=":video")).replace(":network", "'198.18.0.0/24'")
    )
    return f"\\set user_id random(1, {site.size.users})\n\\set video {video}\n{statement};\n"


def _originals(site: BenchmarkSite, video: str) -> str:
    script = original.VOTE.replace(":video_id", VIDEO.format(number=":video"))
    return f"\\set user_id random(1, {site.size.users})\n\\set video {video}\n{script}"
