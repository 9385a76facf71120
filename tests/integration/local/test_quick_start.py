"""The quick start is followed, on ports and in a folder of its own. Without Terraform, which the lane road runs."""

from __future__ import annotations

import requests

from operations import project
from operations.local.demo import PASSWORD, PLAYERS
from tests import shown
from tests.commands import Commands

PAGE = "docs/quick-start.md"


def test_the_quick_start(anb: Commands) -> None:
    (start,) = shown.anb(PAGE, "lane local: start")
    # In the foreground it would go on until somebody stops it.
    up = anb.run(*start, "--detach", "--no-infra", "--port", str(anb.port))
    assert up.returncode == 0, up.stdout + up.stderr
    assert f"Sign in as {PLAYERS[0].email} with the password {PASSWORD}" in up.stdout
    assert len(requests.get(f"{anb.url}/api/public/videos", timeout=30).json()) == 5

    status, logs = (anb.run(*words) for words in shown.anb(PAGE, "lane local: look"))
    assert anb.url in status.stdout and "worker" in status.stdout
    assert logs.returncode == 0 and "video" in logs.stdout

    (stop,) = shown.anb(PAGE, "lane local: stop")
    stopped = anb.run(*stop)
    assert stopped.returncode == 0, stopped.stderr
    assert stopped.stdout.endswith("Accounts, votes and videos are kept for the next ./anb up.\n")
    assert anb.run("status").stdout == "Nothing is up. Start it with ./anb up.\n"


def test_its_words_are_the_programs() -> None:
    page = (project.ROOT / PAGE).read_text()

    assert PLAYERS[0].email in page and PASSWORD not in page
    assert "six players with five clips" in page
    assert (len(PLAYERS), len([player for player in PLAYERS if player.clip])) == (6, 5)
