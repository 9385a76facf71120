"""Votes in a second, beside what the database, gunicorn and the original's design do on the same machine."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import psycopg

from operations.load import client, original
from operations.load.client import Load
from operations.load.dataset import VIDEO
from operations.load.goals import Goal
from operations.load.pgbench import Bench
from operations.load.site import Site
from services.core.votes import CAST

CONNECTIONS = 16
HOT, SPREAD = "one hot video", "spread over all videos"
PORTAL, DATABASE, BARE, ORIGINAL = "portal", "our SQL alone", "gunicorn alone", "original's design alone"


@dataclass(kw_only=True)
class Votes:
    """Votes in a second, round by round.

    Args:
        rates: by what was voted for and what took the votes.
        client: share of a core that the client took while the portal was measured.
        acknowledged: votes that the portal confirmed.
        refused: answers of the portal that were neither a vote nor the word that there is one already.
    """

    rates: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    client: list[float] = field(default_factory=list)
    acknowledged: int = 0
    refused: int = 0

    def rate(self, what: str, by: str) -> float:
        """The median of the rounds."""
        return statistics.median(self.rates[what, by])

    @property
    def goals(self) -> list[Goal]:
        """What is wanted of them."""
        faster = self.rate(HOT, DATABASE) / self.rate(HOT, ORIGINAL)
        share = self.rate(SPREAD, PORTAL) / self.rate(SPREAD, BARE)
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
    site: Site, pool: ProcessPoolExecutor, *, rounds: int, seconds: float, told: Callable[[str], None]
) -> Votes:
    """Vote through the portal and past it, in turn.

    Args:
        told: is told what is measured.
    """
    votes, dice = Votes(), random.Random(1)
    pgbench = Bench(url=site.database_url, clients=CONNECTIONS, seconds=seconds)
    for number in range(rounds):
        videos = {HOT: str(site.size.videos - number), SPREAD: f"random(1, {site.size.videos})"}
        for what in (HOT, SPREAD):
            told(f"round {number + 1}, {what}, portal")
            chosen = [site.size.videos - number] if what == HOT else range(1, site.size.videos + 1)
            requests = requests_for(site, chosen, dice)
            outcome = client.start(pool, _load(site.port, requests, seconds, once=True)).result()
            votes.rates[what, PORTAL].append(outcome.rate(200))
            votes.client.append(outcome.processor / outcome.seconds)
            votes.acknowledged += outcome.statuses[200]
            votes.refused += sum(count for status, count in outcome.statuses.items() if status not in (200, 400))
            told(f"round {number + 1}, {what}, gunicorn alone")
            outcome = client.start(pool, _load(site.bare_port, requests, seconds, once=False)).result()
            votes.rates[what, BARE].append(outcome.rate(200))
            told(f"round {number + 1}, {what}, pgbench")
            # Other hot videos than the portal's: their voters have voted.
            videos[HOT] = str(site.size.videos - rounds - number)
            votes.rates[what, DATABASE].append(pgbench.growth("votes", _ours(site, videos[what])))
            told(f"round {number + 1}, {what}, pgbench, the original's design")
            votes.rates[what, ORIGINAL].append(pgbench.growth("original.votes", _originals(site, videos[what])))
    return votes


def requests_for(site: Site, videos: Sequence[int], dice: random.Random) -> list[bytes]:
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


def table(votes: Votes) -> str:
    """Rates and their ratios as Markdown."""
    lines = [
        (
            "| Votes in a second | portal, HTTP | gunicorn alone | of it | our SQL, pgbench "
            "| original's design, pgbench | ours : original's |"
        ),
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for what in (HOT, SPREAD):
        portal, bare, ours, theirs = (votes.rate(what, by) for by in (PORTAL, BARE, DATABASE, ORIGINAL))
        lines.append(
            f"| {what} | {portal:,.0f} | {bare:,.0f} | {portal / bare:.2f} | {ours:,.0f} | {theirs:,.0f} | "
            f"{ours / theirs:.1f} |"
        )
    used = statistics.median(votes.client)
    return "\n".join(
        [
            *lines,
            "",
            (
                f"{CONNECTIONS} connections each. The client computed on {used:.2f} of a core meanwhile. "
                f"{votes.acknowledged:,} votes were confirmed over HTTP, {votes.refused} answered otherwise."
            ),
        ]
    )


def _load(port: int, requests: list[bytes], seconds: float, *, once: bool) -> Load:
    return Load(port=port, requests=requests, connections=CONNECTIONS, seconds=seconds, once=once)


def _ours(site: Site, video: str) -> str:
    statement = (
        str(CAST.text).replace(":video_id", VIDEO.format(number=":video")).replace(":network", "'198.18.0.0/24'")
    )
    return f"\\set user_id random(1, {site.size.users})\n\\set video {video}\n{statement};\n"


def _originals(site: Site, video: str) -> str:
    script = original.VOTE.replace(":video_id", VIDEO.format(number=":video"))
    return f"\\set user_id random(1, {site.size.users})\n\\set video {video}\n{script}"
