"""Two roads, step by step: of a video and of a vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.drawings.sheet import Box, Kind, Sheet

_ROW = 34
_TOP = 88


@dataclass(frozen=True)
class Says:
    """One says something to another, or does something by itself where both are the same."""

    sender: str
    receiver: str
    words: str
    answer: bool = False


@dataclass(frozen=True)
class Remark:
    """What holds from here on."""

    words: str


def _sequence(title: str, tells: str, actors: Sequence[tuple[Kind, str]], steps: Sequence[Says | Remark]) -> str:
    width, height = 860, _TOP + _ROW * len(steps) + 20
    sheet = Sheet(width, height, title, tells)
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
        # Beside the sender, where the eye begins; over the middle it would stand on lives between.
        beside, anchor = (start + 8, "start") if end > start else (start - 8, "end")
        sheet.text("label", (beside, y + 1), step.words, anchor=anchor)
    return sheet.svg()


def upload() -> str:
    """A clip on its way from a browser to a processed video."""
    browser, portal, database, store, queue, worker = "Browser", "Portal", "PostgreSQL", "S3", "SQS", "Worker"
    return _sequence(
        "The road of a video",
        "The browser begins an upload at the portal, gets links for the parts, puts them straight into S3 and "
        "completes. The portal joins the parts, looks at the file, and writes video and task in one transaction. The "
        "task goes to SQS; a worker claims the video, reads the original, makes the video, stores it, finishes the "
        "claim and then deletes the message.",
        [
            ("person", browser),
            ("ours", portal),
            ("other", database),
            ("other", store),
            ("other", queue),
            ("ours", worker),
        ],
        [
            Says(browser, portal, "POST uploads"),
            Says(portal, database, "notes the upload"),
            Says(browser, portal, "POST parts"),
            Says(portal, browser, "links for them", answer=True),
            Says(browser, store, "PUT each part, some side by side"),
            Remark("interrupted anywhere, it goes on with the parts that S3 does not have, for three days"),
            Says(browser, portal, "POST complete"),
            Says(portal, store, "joins the parts, looks at what arrived"),
            Says(portal, database, "video and its task"),
            Says(portal, browser, "201", answer=True),
            Says(portal, queue, "the task, at once or by the housekeeper"),
            Remark("from here on whatever dies, the message comes again or the sweep finds the video"),
            Says(worker, queue, "receives"),
            Says(worker, database, "claims: processing, attempt + 1, a lease"),
            Says(worker, store, "reads the original"),
            Says(worker, worker, "looks into it apart; one pass of ffmpeg"),
            Says(worker, database, "renews the lease, tells how far it is"),
            Says(worker, queue, "hides the message on"),
            Says(worker, store, "video, poster, preview"),
            Says(worker, database, "processed, if the claim still holds"),
            Says(worker, queue, "deletes the message"),
        ],
    )


def vote() -> str:
    """A vote, from the button to the tally."""
    browser, portal, database, keeper = "Browser", "Portal", "PostgreSQL", "Housekeeper"
    return _sequence(
        "The road of a vote",
        "The browser posts a vote. The portal counts the person's limit, and one statement decides and inserts the "
        "vote and a delta. It is answered after the commit. A ranking reads counts and deltas together. The "
        "housekeeper rolls deltas into counts, and counts one sixteenth of the videos again from their votes.",
        [("person", browser), ("ours", portal), ("other", database), ("ours", keeper)],
        [
            Says(browser, portal, "POST .../vote"),
            Says(portal, database, "is the limit kept?"),
            Says(portal, database, "one statement"),
            Says(database, database, "open, and not one's own?"),
            Says(database, database, "votes + 1 row (primary key)"),
            Says(database, database, "vote_deltas + 1 row"),
            Says(database, portal, "committed", answer=True),
            Says(portal, browser, "200", answer=True),
            Remark("voters of one video never wait for each other: nothing is updated"),
            Says(browser, portal, "GET rankings"),
            Says(portal, database, "counts plus deltas"),
            Says(portal, browser, "exact at this moment", answer=True),
            Remark("meanwhile, every few seconds"),
            Says(keeper, database, "rolls deltas into votes_count"),
            Says(keeper, database, "counts a sixteenth again"),
        ],
    )
