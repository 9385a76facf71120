"""Workers are killed, frozen and told to stop, at the worst moments and at any."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from world import WorkerProcess, World, until

from operations.local.postgres import Cluster
from tests.integration.faults.matrix import Fault
from tests.integration.faults.settling import PATIENCE, begun, settle
from tests.integration.faults.toxics import Proxy
from tests.integration.instances.instance import Instance
from tests.integration.instances.loopback import Loopback
from tests.locks import held, wait_until_held

Start = Callable[..., WorkerProcess]
Proxied = Callable[[int], Proxy]
NOTICE = '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}'
A_FEW, MANY = 10, 100


def start_ready(start_worker: Start, listening: socket.socket, **changes: Any) -> WorkerProcess:
    """Start a worker and wait until it has read its queue."""
    variables = {"NOTIFY_SOCKET": listening.getsockname(), **changes.pop("variables", {})}
    worker = start_worker(variables=variables, **changes)
    assert listening.recv(100) == b"READY=1"
    return worker


def test_w01_killed_right_after_it_received(
    fault: Fault,
    world: World,
    start_worker: Start,
    listening: socket.socket,
    proxied: Proxied,
    postgres_server: Cluster,
    short: Path,
) -> None:
    database = proxied(postgres_server.port)
    killed = start_ready(start_worker, listening, database_port=database.port)
    with database.timeout():
        video_id = world.upload(short)
        # It asks the database for the video, and the answer does not come.
        until(lambda: world.waiting() == (0, 1))
        killed.kill()
    fault.ends()
    assert world.attempts(video_id) == 0
    settle(world, fault, start_worker())
    assert world.attempts(video_id) == 1


def test_w02_killed_while_it_encodes(fault: Fault, world: World, start_worker: Start, long: Path) -> None:
    video_id = world.upload(long)
    killed = start_worker()
    begun(world)
    assert len(killed.encoders()) == 1
    killed.kill()
    fault.ends()
    until(lambda: killed.encoders() == [])
    assert world.objects() == []
    assert len(killed.leftovers()) == 1
    settle(world, fault, start_worker())
    assert world.attempts(video_id) == 2


def test_w03_killed_after_it_stored_and_before_it_committed(
    fault: Fault, world: World, engine: Engine, start_worker: Start, long: Path
) -> None:
    video_id = world.upload(long)
    killed = start_worker()
    begun(world)
    with held(engine, "LOCK TABLE task_results IN SHARE MODE"):
        wait_until_held(engine, "UPDATE task_results SET status = 'completed'")
        stored = world.objects()
        killed.kill()
    assert {key.split("/")[-1].split(".")[0] for key in stored} == {"1"}
    fault.ends()
    settle(world, fault, start_worker())
    assert world.attempts(video_id) == 2


def test_w04_killed_after_its_commit_and_before_it_deleted(
    fault: Fault, world: World, start_worker: Start, proxied: Proxied, aws_port: int, long: Path
) -> None:
    queue = proxied(aws_port)
    killed = start_worker(variables={"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{queue.port}"})
    video_id = world.upload(long)
    begun(world)
    with queue.timeout():
        until(lambda: world.video(video_id).status == "processed", seconds=PATIENCE)
        killed.kill()
    fault.ends()
    # Hidden yet, or shown again where the encode took longer than the visibility.
    assert sum(world.waiting()) == 1
    next_one = start_worker()
    until(lambda: world.waiting() == (0, 0), seconds=PATIENCE)
    settle(world, fault, next_one)
    assert world.attempts(video_id) == 1
    assert [line["why"] for line in next_one.said("video not claimed")] == ["processed or failed already"]


def test_w06_frozen_until_another_has_finished(fault: Fault, world: World, start_worker: Start, long: Path) -> None:
    video_id = world.upload(long)
    frozen = start_worker()
    begun(world)
    frozen.freeze()
    awake = start_worker()
    until(lambda: world.video(video_id).status == "processed", seconds=PATIENCE)
    frozen.thaw()
    fault.ends()
    until(lambda: frozen.said("claim lost") != [], seconds=PATIENCE)
    settle(world, fault, frozen, awake)
    assert world.attempts(video_id) == 2


@pytest.mark.parametrize("stops", [A_FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_w10_told_to_stop_at_a_random_moment(
    fault: Fault,
    world: World,
    start_worker: Start,
    long: Path,
    short: Path,
    stops: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    with capsys.disabled():
        print(f"\n{stops} stops, seed {seed}")  # noqa: T201
    # Each stop counts as a receive; how often a message may be received is another row's matter.
    world.allow_receives(10 * stops)
    for number in range(stops):
        video_id = world.upload(chance.choice((long, short)))
        worker = start_worker()
        # At the start, in the job, and right after it.
        moment = chance.choice(("starting", "claimed", "encoding", "encoding", "done"))
        # None of it is done before a worker is there, which then ends as a program does that takes no signals yet.
        percent = chance.randrange(1, 100)
        until(
            lambda moment=moment, percent=percent, worker=worker, video_id=video_id: (  # type: ignore[misc]
                (moment == "starting" and bool(worker.said("worker started")))
                or (moment == "claimed" and bool(worker.said("video claimed")))
                or (moment == "encoding" and world.video(video_id).progress >= percent)
                or world.video(video_id).status == "processed"
            ),
            seconds=PATIENCE,
        )
        # Half of them are told twice: they give back what they hold.
        fault.ends()
        assert worker.terminate(times=1 + number % 2) == 0
        assert worker.leftovers() == []
        # What was not finished waits for no timeout.
        until(lambda: world.waiting()[1] == 0, seconds=1)
        fault.recovered()
    fault.ends()
    settle(world, fault, start_worker())


def test_w11_spot_notice(fault: Fault, world: World, start_worker: Start, long: Path, tmp_path: Path) -> None:
    """The instance's own script hears of it from its metadata and stops the unit, whose program is the worker."""
    video_id = world.upload(long)
    worker = start_worker()
    begun(world)
    machine = Instance(tmp_path / "machine", metadata := Loopback(_folder(tmp_path / "aws")))
    machine.program("systemctl", _SYSTEMCTL.format(pid=worker.process.pid))
    metadata.notice = NOTICE
    done = machine.run("watch")
    metadata.close()
    assert (done.returncode, done.stdout) == (0, f"this instance is taken away: {NOTICE}\n")
    assert machine.file("systemctl").splitlines() == ["stop web", "kill --kill-whom main web"]
    assert worker.process.wait(60) == 0
    fault.ends()
    assert (world.video(video_id).status, world.waiting()) == ("uploaded", (1, 0))
    assert worker.leftovers() == []
    settle(world, fault, start_worker())
    assert world.attempts(video_id) == 2


# A stop tells the worker and waits for its end, as systemd does.
_SYSTEMCTL = """\
echo "$*" >> "$FOLDER/systemctl"
kill -TERM {pid}
[ "$1" = kill ] || while grep -q '^State:[[:space:]]*[A-Y]' /proc/{pid}/status; do /bin/sleep 0.05; done 2>/dev/null
"""


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
