"""Workers are killed, frozen and stopped, at critical and random moments."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from world import WorkerProcess, WorkerWorld

from tests.integration.faults.invariants import TIMEOUT_SECONDS, settle, wait_until, wait_until_encoding
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
    """Start a worker and wait until it has polled its queue."""
    variables = {"NOTIFY_SOCKET": listening.getsockname(), **changes.pop("variables", {})}
    worker = start(variables=variables, **changes)
    assert listening.recv(100) == b"READY=1"
    return worker


def test_w01_killed_after_receiving(
    fault: Fault,
    world: WorkerWorld,
    start_worker: Start,
    listening: socket.socket,
    proxied: Proxied,
    postgres_server: Cluster,
    short_clip: Path,
) -> None:
    database = proxied(postgres_server.port)
    killed = start_ready(start_worker, listening, database_port=database.port)
    with database.timeout():
        video_id = world.upload(short_clip)
        # The query for the claim hangs.
        wait_until(lambda: world.message_counts() == (0, 1))
        killed.kill()
    fault.end()
    assert world.attempts(video_id) == 0
    settle(world, fault, start_worker())
    assert world.attempts(video_id) == 1


def test_w02_killed_during_encode(
    fault: Fault, world: WorkerWorld, start_worker: Start, start_slow: Start, long_clip: Path
) -> None:
    video_id = world.upload(long_clip)
    killed = start_slow()
    wait_until_encoding(world)
    assert len(killed.encoders()) == 1
    killed.kill()
    fault.end()
    wait_until(lambda: killed.encoders() == [])
    assert world.objects() == []
    assert len(killed.leftovers()) == 1
    settle(world, fault, start_worker())
    assert world.attempts(video_id) == 2


def test_w03_killed_after_storing_before_commit(
    fault: Fault, world: WorkerWorld, engine: Engine, start_worker: Start, start_slow: Start, long_clip: Path
) -> None:
    video_id = world.upload(long_clip)
    killed = start_slow(speed=2)
    wait_until_encoding(world)
    with held(engine, "LOCK TABLE task_results IN SHARE MODE"):
        wait_until_held(engine, "UPDATE task_results SET status = 'completed'")
        stored = world.objects()
        killed.kill()
    assert {key.split("/")[-1].split(".")[0] for key in stored} == {"1"}
    fault.end()
    settle(world, fault, start_worker())
    assert world.attempts(video_id) == 2


def test_w04_killed_after_commit_before_deleting_message(
    fault: Fault,
    world: WorkerWorld,
    start_worker: Start,
    start_slow: Start,
    proxied: Proxied,
    aws_port: int,
    long_clip: Path,
) -> None:
    queue = proxied(aws_port)
    killed = start_slow(speed=2, variables={"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{queue.port}"})
    video_id = world.upload(long_clip)
    wait_until_encoding(world)
    with queue.timeout():
        wait_until(lambda: world.video(video_id).status == "processed")
        killed.kill()
    fault.end()
    # Still in flight, or visible again if the encode took longer than the visibility timeout.
    assert sum(world.message_counts()) == 1
    successor = start_worker()
    wait_until(lambda: world.message_counts() == (0, 0))
    settle(world, fault, successor)
    assert world.attempts(video_id) == 1
    assert [line["why"] for line in successor.log_lines("video not claimed")] == ["processed or failed already"]


def test_w06_frozen_until_another_has_finished(
    fault: Fault, world: WorkerWorld, start_worker: Start, start_slow: Start, long_clip: Path
) -> None:
    video_id = world.upload(long_clip)
    frozen = start_slow()
    wait_until_encoding(world)
    frozen.freeze()
    awake = start_worker()
    wait_until(lambda: world.video(video_id).status == "processed")
    frozen.resume()
    fault.end()
    wait_until(lambda: frozen.log_lines("claim lost") != [])
    settle(world, fault, frozen, awake)
    assert world.attempts(video_id) == 2


@dataclass(frozen=True)
class Stop:
    """When and how often a worker gets SIGTERM; the second one makes it release its jobs.

    Args:
        moment: "starting", "claimed", "encoding" or "done".
        times: number of signals.
        percent: progress of the encode, for the moment "encoding".
    """

    moment: str
    times: int
    percent: int = 20

    def is_due(self, world: WorkerWorld, worker: WorkerProcess) -> bool:
        """Whether the moment is reached or past."""
        video = world.video(world.uploads[-1])
        if self.moment == "starting":
            # Before that it does not handle signals.
            return bool(worker.log_lines("worker started"))
        if self.moment == "claimed":
            return bool(worker.log_lines("video claimed"))
        return video.status == "processed" or (self.moment == "encoding" and video.progress >= self.percent)


STOPS = (Stop("starting", 2), Stop("claimed", 1), Stop("encoding", 1), Stop("encoding", 2, percent=60), Stop("done", 1))


def random_stops(count: int) -> list[Stop]:
    """Return random stops; the seed is printed."""
    seed = random.randrange(2**32)
    print(f"\n{count} stops, seed {seed}")  # noqa: T201
    rng = random.Random(seed)
    moments = ("starting", "claimed", "encoding", "encoding", "done")
    return [Stop(rng.choice(moments), 1 + n % 2, percent=rng.randrange(1, 100)) for n in range(count)]


def test_w10_stopped_at_critical_moments(fault: Fault, world: WorkerWorld, start_slow: Start, long_clip: Path) -> None:
    stop_workers(STOPS, fault, world, start_slow, long_clip)


@pytest.mark.soak
def test_w10_stopped_at_random_moments(
    fault: Fault, world: WorkerWorld, start_slow: Start, long_clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        stops = random_stops(100)
    stop_workers(stops, fault, world, start_slow, long_clip)


def stop_workers(stops: Sequence[Stop], fault: Fault, world: WorkerWorld, start_slow: Start, long_clip: Path) -> None:
    """Stop one worker after the other, each with its own upload; nothing is lost or delayed."""
    # Each stop counts as a receive; the redrive policy is tested elsewhere.
    world.allow_receives(10 * len(stops))
    for stop in stops:
        world.upload(long_clip)
        # A message that waits for its visibility timeout would exceed the test's timeout.
        worker = start_slow(speed=4, visibility_seconds=2 * TIMEOUT_SECONDS)
        wait_until(lambda stop=stop, worker=worker: stop.is_due(world, worker))  # type: ignore[misc]
        fault.end()
        assert worker.terminate(times=stop.times) == 0
        assert worker.leftovers() == []
        wait_until(lambda: world.message_counts()[1] == 0)
        fault.mark_recovered()
    fault.end()
    settle(world, fault, start_slow(speed=40))


def test_w11_spot_notice(
    fault: Fault, world: WorkerWorld, start_worker: Start, start_slow: Start, long_clip: Path, tmp_path: Path
) -> None:
    """The instance's script reads the notice from metadata and stops the systemd unit of the worker."""
    video_id = world.upload(long_clip)
    worker = start_slow()
    wait_until_encoding(world)
    machine = Instance(tmp_path / "machine", metadata := Loopback(_create_folder(tmp_path / "aws")))
    machine.fake_program("systemctl", _SYSTEMCTL.format(pid=worker.process.pid))
    metadata.notice = NOTICE
    result = machine.run("watch")
    metadata.close()
    assert (result.returncode, result.stdout) == (0, f"this instance is taken away: {NOTICE}\n")
    assert machine.file("systemctl").splitlines() == ["stop web", "kill --kill-whom main web"]
    assert worker.process.wait(TIMEOUT_SECONDS) == 0
    fault.end()
    assert (world.video(video_id).status, world.message_counts()) == ("uploaded", (1, 0))
    assert worker.leftovers() == []
    settle(world, fault, start_worker())
    assert world.attempts(video_id) == 2


# As systemd does: send SIGTERM and wait for the end.
_SYSTEMCTL = """\
echo "$*" >> "$FOLDER/systemctl"
kill -TERM {pid}
[ "$1" = kill ] || while grep -q '^State:[[:space:]]*[A-Y]' /proc/{pid}/status; do /bin/sleep 0.05; done 2>/dev/null
"""


def _create_folder(path: Path) -> Path:
    path.mkdir()
    return path
