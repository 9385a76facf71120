"""up, status, logs, down: everything is up, or nothing is; what people made is kept."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from operations.local import aws
from operations.local.clips import make_clip
from operations.local.ports import is_listening
from operations.project import ROOT
from tests.commands import Commands

PASSWORD = "a long enough password"


def wait(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def sign_in(url: str) -> dict[str, str]:
    account = {"first_name": "Ana", "last_name": "Ruiz", "email": "ana@anb.example", "city": "Cali"}
    form = {**account, "password1": PASSWORD, "password2": PASSWORD, "country": "Colombia"}
    assert requests.post(f"{url}/api/auth/signup", json=form, timeout=30).status_code in (201, 400)
    login = {"email": "ana@anb.example", "password": PASSWORD}
    token = requests.post(f"{url}/api/auth/login", json=login, timeout=30).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def upload(url: str, folder: Path) -> None:
    make_clip(folder / "clip.mp4", seconds=6)
    with (folder / "clip.mp4").open("rb") as clip:
        answer = requests.post(
            f"{url}/api/videos/upload",
            headers=sign_in(url),
            data={"title": "A clip to keep", "is_public": "true"},
            files={"video_file": ("clip.mp4", clip, "video/mp4")},
            timeout=60,
        )
    assert answer.status_code == 201, answer.text


def public(url: str) -> list[dict[str, Any]]:
    videos: list[dict[str, Any]] = requests.get(f"{url}/api/public/videos", timeout=30).json()
    return videos


def assert_plays(url: str, video: dict[str, Any]) -> None:
    answer = requests.get(requests.compat.urljoin(url, video["processed_url"]), timeout=30)
    assert answer.status_code == 200
    assert answer.content[4:8] == b"ftyp"


def test_down_leaves_nothing_and_up_brings_the_videos_back(anb: Commands, tmp_path: Path) -> None:
    first = anb.up("--no-infra")
    assert first.returncode == 0, first.stdout + first.stderr
    assert anb.url in first.stdout
    upload(anb.url, tmp_path)
    wait(lambda: public(anb.url))
    members = anb.members()

    down = anb.run("down")
    assert down.returncode == 0, down.stderr
    assert not any(member.alive for member in members)
    assert not any(is_listening(member.port) for member in members if member.port)
    assert anb.run("down").stdout == "Nothing is up.\n"

    assert anb.up("--no-infra").returncode == 0
    (video,) = public(anb.url)
    assert_plays(anb.url, video)


def test_after_a_power_cut_nothing_unplayable_is_shown(anb: Commands, tmp_path: Path) -> None:
    anb.up("--no-infra")
    upload(anb.url, tmp_path)
    wait(lambda: public(anb.url))
    # All are known before the first is killed: the end of one may end others.
    running = {psutil.Process(member.pid) for member in anb.members()}
    running |= {child for process in running for child in process.children(recursive=True)}
    for process in running:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(running, timeout=30)
    assert "The last run was killed" in anb.run("status").stdout

    again = anb.up("--no-infra")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Cleaning up after a run that was killed" in again.stdout
    assert "1 unplayable videos removed" in again.stdout
    assert public(anb.url) == []
    assert requests.get(f"{anb.url}/api/videos", headers=sign_in(anb.url), timeout=30).json() == []


def test_when_only_the_supervisor_was_killed_the_videos_are_kept(anb: Commands, tmp_path: Path) -> None:
    anb.up("--no-infra")
    upload(anb.url, tmp_path)
    wait(lambda: public(anb.url))
    children = anb.members()[1:]
    os.kill(anb.state().supervisor.pid, signal.SIGKILL)
    wait(lambda: not anb.state().supervisor.alive)

    assert anb.run("down").returncode == 0
    assert not any(child.alive for child in children)
    assert anb.up("--no-infra").returncode == 0
    (video,) = public(anb.url)
    assert_plays(anb.url, video)


def test_a_second_up_says_where_the_first_is(anb: Commands) -> None:
    anb.up("--no-infra")
    for arguments in (("up", "--no-infra"), ("up", "--no-infra", "--detach")):
        second = anb.run(*arguments)
        assert (second.returncode, second.stderr) == (1, f"Error: Already up at {anb.url}. ./anb down stops it.\n")
    assert requests.get(f"{anb.url}/health", timeout=30).json()["status"] == "healthy"


def test_status_and_logs_name_every_program(anb: Commands) -> None:
    assert anb.run("status").stdout == "Nothing is up. Start it with ./anb up.\n"
    nothing = anb.run("logs")
    assert (nothing.returncode, "There are no logs in" in nothing.stderr) == (1, True)
    anb.up("--no-infra")
    status = anb.run("status").stdout
    assert all(name in status for name in ("running", anb.url, "supervisor", "database", "aws", "worker", "portal"))
    assert "database system is ready" in anb.run("logs", "database").stdout


def test_the_queue_of_the_run_is_shown_and_its_dead_letters_moved_back(anb: Commands) -> None:
    down = anb.run("queue")
    assert (down.returncode, "Nothing is up" in down.stderr) == (1, True)
    anb.up("--no-infra")
    shown = anb.run("queue")
    assert shown.returncode == 0, shown.stderr
    assert "dead letters" in shown.stdout and "worked on" in shown.stdout
    nothing = anb.run("queue", "redrive", "--reason", "to see")
    assert nothing.stdout == "There are no dead letters.\n"
    sqs = aws.client("sqs", anb.state().children["aws"].port or 0)
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="local-videos-dlq")["QueueUrl"], MessageBody="{")
    assert "'{'" in anb.run("queue").stdout
    moved = anb.run("queue", "redrive", "--reason", "to see")
    assert moved.stdout == "1 dead letters are in the queue again. Reason: to see\n"


def test_moderators_are_appointed_in_the_portal_that_is_up(anb: Commands) -> None:
    down = anb.run("moderator", "appoint", "ana@anb.example")
    assert (down.returncode, "Nothing is up" in down.stderr) == (1, True)
    anb.up("--no-infra")
    unknown = anb.run("moderator", "appoint", "ana@anb.example")
    assert (unknown.returncode, "ana@anb.example has no account" in unknown.stderr) == (1, True)
    headers = sign_in(anb.url)
    log = f"{anb.url}/api/moderation/log"
    assert requests.get(log, headers=headers, timeout=30).status_code == 403
    assert anb.run("moderator", "appoint", "ana@anb.example").stdout == "ana@anb.example is now a moderator\n"
    assert requests.get(log, headers=headers, timeout=30).status_code == 200
    assert anb.run("moderator", "dismiss", "ana@anb.example").returncode == 0
    assert requests.get(log, headers=headers, timeout=30).status_code == 403


def test_a_program_that_dies_is_named_and_takes_the_others_along(anb: Commands) -> None:
    anb.up("--no-infra")
    members = anb.members()
    os.kill(anb.state().children["worker"].pid, signal.SIGKILL)
    wait(lambda: not any(member.alive for member in members))
    log = (anb.folder / "logs/up.log").read_text()
    assert "Error: worker ended with code -9." in log
    assert f"The whole log is in {anb.folder}/logs/worker.log." in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_the_foreground_stops_everything(anb: Commands, number: signal.Signals) -> None:
    with subprocess.Popen(
        [ROOT / "anb", "up", "--no-infra", "--port", str(anb.port)],
        env=anb.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        wait(lambda: is_listening(anb.port))
        members = anb.members()
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Stopped. Accounts, votes and videos are kept" in output
    assert not any(member.alive for member in members)


def test_a_port_in_use_names_the_port_and_the_option_and_leaves_nothing(anb: Commands) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", anb.port))
        taken.listen()
        refused = anb.up("--no-infra")
    assert refused.returncode == 1
    assert f"Error: Port {anb.port} for the portal cannot be used" in refused.stdout
    assert "Give another one with --port." in refused.stdout
    assert anb.run("status").stdout.startswith("Nothing is up.")
    assert anb.run("up", "--port", "99999").returncode == 2
