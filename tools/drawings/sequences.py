"""Sequence diagrams of a video and of a vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.drawings.sheet import Box, Kind, Sheet

_ROW = 34
_TOP = 88


@dataclass(frozen=True)
class Arrow:
    """An arrow from an actor to another one, or a step of one actor if both are the same."""

    sender: str
    receiver: str
    words: str
    answer: bool = False


@dataclass(frozen=True)
class Remark:
    """A note across the diagram."""

    words: str


def _sequence(title: str, description: str, actors: Sequence[tuple[Kind, str]], steps: Sequence[Arrow | Remark]) -> str:
    width, height = 860, _TOP + _ROW * len(steps) + 20
    sheet = Sheet(width, height, title, description)
    apart = width / len(actors)
    places = {name: apart * (number + 0.5) for number, (_, name) in enumerate(actors)}
    for kind, name in actors:
        sheet.life(places[name], 60, height - 10)
        sheet.box(kind, Box(x=places[name] - 62, y=20, width=124, height=40), name)
    for number, step in enumerate(steps):
        y = _TOP + _ROW * number
        if isinstance(step, Remark):
            sheet.shade(Box(x=20, y=y - 8, width=width - 40, height=24), step.words)
            continue
        start, end = places[step.sender], places[step.receiver]
        if start == end:
            last = step.sender == actors[-1][1]
            sheet.arrow((start, y), (start + 26, y), (start + 26, y + 14), (start + 2, y + 14))
            at, anchor = ((start - 8, y + 11), "end") if last else ((start + 34, y + 11), "start")
            sheet.text("label", at, step.words, anchor=anchor)
            continue
        sheet.arrow((start, y + 8), (end, y + 8), style="loose" if step.answer else "")
        # Next to the sender; in the middle it would overlap the lifelines in between.
        beside, anchor = (start + 8, "start") if end > start else (start - 8, "end")
        sheet.text("label", (beside, y + 1), step.words, anchor=anchor)
    return sheet.svg()


def upload() -> str:
    """Draw the steps from a clip in a browser to a processed video."""
    browser, portal, database, store, queue, worker = "Browser", "Portal", "PostgreSQL", "S3", "SQS", "Worker"
    return _sequence(
        "From an upload to a processed video",
        "The browser starts an upload at the portal, gets URLs for the parts, uploads them directly to S3 and "
        "completes the upload. The portal joins the parts, checks the file, and writes video and task in one "
        "transaction. The task goes to SQS; a worker claims the video, reads the original, encodes the video, "
        "stores it, finishes the claim and then deletes the message.",
        [
            ("person", browser),
            ("ours", portal),
            ("other", database),
            ("other", store),
            ("other", queue),
            ("ours", worker),
        ],
        [
            Arrow(browser, portal, "POST uploads"),
            Arrow(portal, database, "records the upload"),
            Arrow(browser, portal, "POST parts"),
            Arrow(portal, browser, "signed URLs", answer=True),
            Arrow(browser, store, "PUT the parts, some in parallel"),
            Remark("an interrupted upload can be resumed for three days; only missing parts are sent"),
            Arrow(browser, portal, "POST complete"),
            Arrow(portal, store, "joins the parts, checks the file"),
            Arrow(portal, database, "video and its task"),
            Arrow(portal, browser, "201", answer=True),
            Arrow(portal, queue, "the task, now or by the scheduler"),
            Remark("after a crash from here on, the message is redelivered or the sweep finds the video"),
            Arrow(worker, queue, "receives"),
            Arrow(worker, database, "claims: processing, attempt + 1, a lease"),
            Arrow(worker, store, "reads the original"),
            Arrow(worker, worker, "sandboxed: checks, one pass of ffmpeg"),
            Arrow(worker, database, "renews the lease, reports progress"),
            Arrow(worker, queue, "extends the visibility timeout"),
            Arrow(worker, store, "video, poster, preview"),
            Arrow(worker, database, "processed, if the claim still holds"),
            Arrow(worker, queue, "deletes the message"),
        ],
    )


def vote() -> str:
    """Draw the steps from a vote to the tally."""
    browser, portal, database, scheduler = "Browser", "Portal", "PostgreSQL", "Scheduler"
    return _sequence(
        "From a vote to the tally",
        "The browser posts a vote. The portal checks the user's rate limit, and one statement checks and inserts the "
        "vote and a delta. The answer follows the commit. A ranking reads counts and deltas together. The scheduler "
        "rolls deltas into counts, and recounts one sixteenth of the videos from their votes.",
        [("person", browser), ("ours", portal), ("other", database), ("ours", scheduler)],
        [
            Arrow(browser, portal, "POST .../vote"),
            Arrow(portal, database, "within the rate limit?"),
            Arrow(portal, database, "one statement"),
            Arrow(database, database, "open, not the voter's own?"),
            Arrow(database, database, "votes + 1 row (primary key)"),
            Arrow(database, database, "vote_deltas + 1 row"),
            Arrow(database, portal, "committed", answer=True),
            Arrow(portal, browser, "200", answer=True),
            Remark("voters of one video never wait for each other: no row is updated"),
            Arrow(browser, portal, "GET rankings"),
            Arrow(portal, database, "counts plus deltas"),
            Arrow(portal, browser, "exact", answer=True),
            Remark("meanwhile, every few seconds"),
            Arrow(scheduler, database, "rolls deltas into votes_count"),
            Arrow(scheduler, database, "recounts a sixteenth"),
        ],
    )
