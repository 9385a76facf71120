"""The whole bench of the portal, and its report."""

from __future__ import annotations

import os
import platform
import resource

from rich.console import Console

from benchmarks.load import login, rankings, targets, uploads, viewers, voting
from benchmarks.load.client import clients
from benchmarks.load.dataset import Size
from benchmarks.load.site import open_site
from workspace.progress import step

_MOST_VOTES_PER_SECOND = 2500
_UPLOAD_BYTES = 100 * 10**6
_VIEWERS = 1000
# As on an instance; shells often allow 1,024, which is no more than the viewers.
_FILES = 65_536


def run(console: Console, *, scale: float, seconds: float, rounds: int) -> str:
    """Measure everything; returns the report as Markdown.

    Args:
        console: where the progress is shown.
        scale: share of the whole contest's data.
        seconds: that each load lasts.
        rounds: of the votes, whose rates are compared.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES if most == resource.RLIM_INFINITY else min(_FILES, most), most))
    size = Size.of(scale)
    voters = min(size.users, round(seconds * _MOST_VOTES_PER_SECOND))
    with open_site(console, size, voters=voters) as site, clients(2) as pool:
        with step("Votes", console) as current:
            votes = voting.measure(site, pool, rounds=rounds, seconds=seconds, told=current.note)
        with step("Votes beside viewers", console) as current:
            count = max(8, round(_VIEWERS * min(1, scale)))
            watched = viewers.measure(site, pool, viewers=count, seconds=2 * seconds, told=current.note)
        with step("Rankings and gallery", console) as current:
            readings = rankings.measure(site, pool, seconds=seconds, told=current.note)
        with step("Sign-ins", console) as current:
            signed_in = login.measure(site, pool, seconds=seconds, told=current.note)
        with step("Uploads", console) as current:
            sent = uploads.measure(site, size=round(_UPLOAD_BYTES * min(1, scale)) + 1, told=current.note)
        load = os.getloadavg()
    parts = [
        (
            f"{size.videos:,} videos, {size.users:,} people, {size.votes:,} votes. PostgreSQL 16 with fsync on, "
            f"gunicorn and the client share {os.cpu_count()} cores; Python {platform.python_version()}. Each load "
            f"lasts {seconds:g} s; votes are medians of {rounds} rounds, in turn. {load[1]:.1f} processes wanted a "
            "core in the last five minutes, the bench's own among them."
        ),
        targets.table([*votes.goals, *watched.goals, *readings.goals, *sent.goals]),
        f"## Votes\n\n{voting.table(votes)}",
        f"## Votes beside viewers\n\n{viewers.table(watched)}",
        f"## Rankings and gallery\n\n{rankings.table(readings)}",
        f"## Sign-ins\n\n{login.table(signed_in)}",
        f"## Uploads\n\n{uploads.table(sent)}",
    ]
    return "\n\n".join(parts)
