"""down, Ctrl-C, crashes and power cuts: everything runs or nothing does; data is kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import psutil

from tests import doc_blocks
from tests.integration.local.conftest import QUICK_START, Installation, assert_succeeds
from tests.integration.local.portal import assert_plays, own, public, titles, upload, wait
from workspace.paths import ROOT
from workspace.ports import is_listening


def test_down_leaves_nothing_and_up_restores_the_videos(restarted: Installation, tmp_path: Path) -> None:
    restarted.ensure_video(tmp_path)
    members = restarted.members()

    (stop,) = doc_blocks.anb(QUICK_START, "lane local: stop")
    down = restarted.run(*stop)
    assert_succeeds(down)
    assert down.stdout.endswith("Accounts, votes and videos are kept for the next ./anb up.\n")
    assert not any(member.alive for member in members)
    assert not any(is_listening(member.port) for member in members if member.port)
    assert restarted.run("status").stdout == "Nothing is up. Start it with ./anb up.\n"

    up = restarted.up("--no-infra")
    assert_succeeds(up)
    assert restarted.url in up.stdout
    (video,) = public(restarted.url)
    assert_plays(restarted.url, video)


def test_videos_are_kept_after_supervisor_is_killed(restarted: Installation, tmp_path: Path) -> None:
    restarted.ensure_video(tmp_path)
    children = restarted.members()[1:]
    os.kill(restarted.state().supervisor.pid, signal.SIGKILL)
    wait(lambda: not restarted.state().supervisor.alive)

    assert_succeeds(restarted.run("down"))
    assert not any(child.alive for child in children)
    assert_succeeds(restarted.up("--no-infra"))
    (video,) = public(restarted.url)
    assert_plays(restarted.url, video)


def test_unplayable_videos_are_removed_after_a_power_cut(restarted: Installation, tmp_path: Path) -> None:
    restarted.ensure_up()
    # Videos saved by an earlier stop are kept.
    saved = titles(public(restarted.url))
    upload(restarted.url, tmp_path, title="A clip to lose")
    # List all processes before the first kill: the exit of one may end others.
    running = {psutil.Process(member.pid) for member in restarted.members()}
    running |= {child for process in running for child in process.children(recursive=True)}
    for process in running:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(running, timeout=30)
    assert "The last run was killed" in restarted.run("status").stdout

    again = restarted.up("--no-infra")
    assert_succeeds(again)
    assert "Cleaning up after a run that was killed" in again.stdout
    assert "1 unplayable videos removed" in again.stdout
    assert titles(public(restarted.url)) == titles(own(restarted.url)) == saved


def test_crashed_program_is_named_and_stops_the_others(restarted: Installation) -> None:
    restarted.ensure_up()
    members = restarted.members()
    os.kill(restarted.state().children["worker"].pid, signal.SIGKILL)
    wait(lambda: not any(member.alive for member in members))
    log = (restarted.folder / "logs/up.log").read_text()
    assert "Error: worker ended with code -9." in log
    assert f"Full log: {restarted.folder}/logs/worker.log" in log


def test_ctrl_c_in_the_foreground_stops_everything(restarted: Installation) -> None:
    restarted.run("down")
    with subprocess.Popen(
        [ROOT / "anb", "up", "--no-infra", "--port", str(restarted.port)],
        env=restarted.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        wait(lambda: is_listening(restarted.port))
        members = restarted.members()
        # The tests above cover SIGTERM, which down sends.
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert "Stopped. Accounts, votes and videos are kept" in output
    assert not any(member.alive for member in members)
