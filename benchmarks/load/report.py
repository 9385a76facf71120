"""Runs the benchmark of the portal and renders its report."""

from __future__ import annotations

import os
import platform
import resource

from rich.console import Console

from benchmarks.load import login, rankings, targets, uploads, viewers, voting
from benchmarks.load.client import clients
from benchmarks.load.dataset import DatasetSize
from benchmarks.load.site import open_site
from workspace.progress import step

_MAX_VOTES_PER_SECOND = 2500
_UPLOAD_BYTES = 100 * 10**6
_VIEWERS = 1000
# As on an instance; shells often allow only 1,024, too few for the viewers.
_OPEN_FILES = 65_536


def run(console: Console, *, scale: float, seconds: float, rounds: int) -> str:
    """Run all measurements; return the report as Markdown.

    Args:
        console: console for progress.
        scale: share of the full data set.
        seconds: duration of each load.
        rounds: rounds of the vote benchmark.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (_OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard), hard)
    )
    size = DatasetSize.of(scale)
    voters = min(size.users, round(seconds * _MAX_VOTES_PER_SECOND))
    with open_site(console, size, voters=voters) as site, clients(2) as pool:
        with step("Votes", console) as current:
            votes = voting.measure(site, pool, rounds=rounds, seconds=seconds, on_progress=current.note)
        with step("Votes beside viewers", console) as current:
            count = max(8, round(_VIEWERS * min(1, scale)))
            viewer_timings = viewers.measure(site, pool, viewers=count, seconds=2 * seconds, on_progress=current.note)
        with step("Rankings and gallery", console) as current:
            ranking_timings = rankings.measure(site, pool, seconds=seconds, on_progress=current.note)
        with step("Logins", console) as current:
            login_timings = login.measure(site, pool, seconds=seconds, on_progress=current.note)
        with step("Uploads", console) as current:
            upload_timing = uploads.measure(
                site, size=round(_UPLOAD_BYTES * min(1, scale)) + 1, on_progress=current.note
            )
        load = os.getloadavg()
    parts = [
        (
            f"{size.videos:,} videos, {size.users:,} people, {size.votes:,} votes. PostgreSQL 16 with fsync on, "
            f"gunicorn and the client share {os.cpu_count()} cores; Python {platform.python_version()}. Each load "
            f"lasts {seconds:g} s; votes are medians of {rounds} rounds. Load average {load[1]:.1f} (5 minutes), "
            "including the benchmark."
        ),
        targets.render_table(
            [*votes.targets, *viewer_timings.targets, *ranking_timings.targets, *upload_timing.targets]
        ),
        f"## Votes\n\n{voting.render_table(votes)}",
        f"## Votes beside viewers\n\n{viewers.render_table(viewer_timings)}",
        f"## Rankings and gallery\n\n{rankings.render_table(ranking_timings)}",
        f"## Logins\n\n{login.render_table(login_timings)}",
        f"## Uploads\n\n{uploads.render_table(upload_timing)}",
    ]
    return "\n\n".join(parts)
