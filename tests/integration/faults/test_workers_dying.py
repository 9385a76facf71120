"""Workers are killed, frozen and told to stop, at the worst moments and at any."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from world import WorkerProcess, World

from tests.integration.faults.invariants import PATIENCE, begun, settle, until
from tests.integration.faults.matrix import Fault
from tests.integration.faults.toxics import Proxy
from tests.integration.user_data.instance import Instance
from tests.integration.user_data.loopback import Loopback
from tests.locks import held, wait_until_held
from workspace.postgres import Cluster

Start = Callable[..., WorkerProcess]
Proxied = Callable[[int], Proxy]
NOTICE = '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}'


def start_ready(start: Start, listening: socket.socket, **changes: Any) -> WorkerProcess:
    """Start a worker and wait until it has read its queue."""
    variables = {"NOTIFY_SOCKET": listening.getsockname(), **changes.pop("variables", {})}
    worker = start(variables=variables, **changes)
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


def test_w02_killed_while_it_encodes(
    fault: Fault, world: World, start_worker: Start, start_slow: Start, long: Path
) -> None:
    video_id = world.upload(long)
    killed = start_slow()
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
    fault: Fault, world: World, engine: Engine, start_worker: Start, start_slow: Start, long: Path
) -> None:
    video_id = world.upload(long)
    killed = start_slow(speed=2)
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
    fault: Fault,
    world: World,
    start_worker: Start,
    start_slow: Start,
    proxied: Proxied,
    aws_port: int,
    long: Path,
) -> None:
    queue = proxied(aws_port)
    killed = start_slow(speed=2, variables={"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{queue.port}"})
    video_id = world.upload(long)
    begun(world)
    with queue.timeout():
        until(lambda: world.video(video_id).status == "processed")
        killed.kill()
    fault.ends()
    # Hidden yet, or shown again where the encode took longer than the visibility.
    assert sum(world.waiting()) == 1
    next_one = start_worker()
    until(lambda: world.waiting() == (0, 0))
    settle(world, fault, next_one)
    assert world.attempts(video_id) == 1
    assert [line["why"] for line in next_one.said("video not claimed")] == ["processed or failed already"]


def test_w06_frozen_until_another_has_finished(
    fault: Fault, world: World, start_worker: Start, start_slow: Start, long: Path
) -> None:
    video_id = world.upload(long)
    frozen = start_slow()
    begun(world)
    frozen.freeze()
    awake = start_worker()
    until(lambda: world.video(video_id).status == "processed")
    frozen.thaw()
    fault.ends()
    until(lambda: frozen.said("claim lost") != [])
    settle(world, fault, frozen, awake)
    assert world.attempts(video_id) == 2


@dataclass(frozen=True)
class Stop:
    """When a worker is told to stop, and how often: the second time it gives back what it holds.

    Args:
        moment: "starting", "claimed", "encoding" or "done".
        times: how often it is told.
        percent: how far the encode is, at the moment "encoding".
    """

    moment: str
    times: int
    percent: int = 20

    def is_now(self, world: World, worker: WorkerProcess) -> bool:
        """Whether the moment has come, or is over."""
        video = world.video(world.uploads[-1])
        if self.moment == "starting":
            # Before that it takes no signals, and ends as any program does.
            return bool(worker.said("worker started"))
        if self.moment == "claimed":
            return bool(worker.said("video claimed"))
        return video.status == "processed" or (self.moment == "encoding" and video.progress >= self.percent)


STOPS = (Stop("starting", 2), Stop("claimed", 1), Stop("encoding", 1), Stop("encoding", 2, percent=60), Stop("done", 1))


def random_stops(count: int) -> list[Stop]:
    """Stops at moments that differ with each run; the seed is printed."""
    seed = random.randrange(2**32)
    print(f"\n{count} stops, seed {seed}")  # noqa: T201
    chance = random.Random(seed)
    moments = ("starting", "claimed", "encoding", "encoding", "done")
    return [Stop(chance.choice(moments), 1 + n % 2, percent=chance.randrange(1, 100)) for n in range(count)]


def test_w10_told_to_stop_at_any_moment(fault: Fault, world: World, start_slow: Start, long: Path) -> None:
    stop_at(STOPS, fault, world, start_slow, long)


@pytest.mark.soak
def test_w10_told_to_stop_at_random_moments(
    fault: Fault, world: World, start_slow: Start, long: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        stops = random_stops(100)
    stop_at(stops, fault, world, start_slow, long)


def stop_at(stops: Sequence[Stop], fault: Fault, world: World, start_slow: Start, long: Path) -> None:
    """Stop a worker, and the next one, each with an upload of its own; nothing is lost and nothing waits."""
    # Each stop counts as a receive; how often a message may be received is another row's matter.
    world.allow_receives(10 * len(stops))
    for stop in stops:
        world.upload(long)
        # A message that waited for its timeout would come back after the test has given up.
        worker = start_slow(speed=4, visibility_seconds=2 * PATIENCE)
        until(lambda stop=stop, worker=worker: stop.is_now(world, worker))  # type: ignore[misc]
        fault.ends()
        assert worker.terminate(times=stop.times) == 0
        assert worker.leftovers() == []
        until(lambda: world.waiting()[1] == 0)
        fault.recovered()
    fault.ends()
    settle(world, fault, start_slow(speed=40))


def test_w11_spot_notice(
    fault: Fault, world: World, start_worker: Start, start_slow: Start, long: Path, tmp_path: Path
) -> None:
    """The instance's own script hears of it from its metadata and stops the unit, whose program is the worker."""
    video_id = world.upload(long)
    worker = start_slow()
    begun(world)
    machine = Instance(tmp_path / "machine", metadata := Loopback(_folder(tmp_path / "aws")))
    machine.program("systemctl", _SYSTEMCTL.format(pid=worker.process.pid))
    metadata.notice = NOTICE
    done = machine.run("watch")
    metadata.close()
    assert (done.returncode, done.stdout) == (0, f"this instance is taken away: {NOTICE}\n")
    assert machine.file("systemctl").splitlines() == ["stop web", "kill --kill-whom main web"]
    assert worker.process.wait(PATIENCE) == 0
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
