"""Where attacks take place: a worker's bench, another player's files beside it, and a listener that nobody may call."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from services.consumer import Verdict
from services.videos.receipts import Receipt
from services.worker.job import WorkerContext, process
from services.worker.sandbox import Limits, SandboxedProgram, Usage
from tests.integration.services.worker import clips
from tests.integration.services.worker.world import World

SECRET = b"another player's secret"
_MOST_BYTES = 2**30
SECRET_COLOUR = (254, 0, 254)


class Canary:
    """Listens on this machine's loopback, by TCP and UDP, and remembers who called."""

    def __init__(self) -> None:
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        for listener in (self._tcp, self._udp):
            listener.setblocking(False)

    @property
    def was_called(self) -> bool:
        """Whether anybody came since the last time."""
        called = False
        with contextlib.suppress(BlockingIOError):
            self._tcp.accept()[0].close()
            called = True
        with contextlib.suppress(BlockingIOError):
            self._udp.recv(1)
            called = True
        return called

    def close(self) -> None:
        """Listen no more."""
        self._tcp.close()
        self._udp.close()


@dataclass(frozen=True)
class Ran:
    """A confined program that was run, the limits it was given, and what it used."""

    name: str
    limits: Limits
    usage: Usage


@dataclass(frozen=True)
class Outcome:
    """What became of a file: the reason why it was refused, or None where a video was made of it."""

    reason: str | None
    detail: str | None
    receipt: Receipt
    programs: list[Ran]
    made: dict[str, bytes]


@dataclass
class Arena:
    """A worker's bench with neighbours; one for all attacks of a file, after which it must still work.

    Args:
        folder: of the worker's jobs.
        neighbour: another player's video in a job of its own.
        scratch: a folder of the test's own.
        ran: programs that were run.
    """

    world: World
    bench: WorkerContext
    canary: Canary
    folder: Path
    neighbour: Path
    honest: Path
    scratch: Path
    ran: list[Ran] = field(default_factory=list)

    def with_network(self) -> Arena:
        """The same without a sandbox around the network: only the command line is between a file and a server."""
        return dataclasses.replace(self, bench=dataclasses.replace(self.bench, offline=False))

    @property
    def url(self) -> str:
        """An address that must never be asked."""
        return f"http://127.0.0.1:{self.canary.port}/stolen.mp4"

    def attack(self, content: bytes | Path, *, title: str = "A clip") -> Outcome:
        """Give a file to the worker; check that nothing of others was touched and nothing is left."""
        path = content if isinstance(content, Path) else self.scratch / "attack.mp4"
        if isinstance(content, bytes):
            path.write_bytes(content)
        before = sorted(self.folder.rglob("*"))
        video_id = self.world.upload(path)
        self.world.entitle(video_id, title)
        self.ran.clear()
        assert process(self.bench, video_id, threading.Event()) is Verdict.DELETE
        video = self.world.video(video_id)
        made = {key: self._read(key) for key in (video.processed_url, video.poster_url) if key}
        outcome = Outcome(
            video.failure_reason,
            self.world.detail(video_id),
            self.world.receipt(video_id).receipt,
            list(self.ran),
            made,
        )
        assert self.world.attempts(video_id) == 1
        self._check_within_limits()
        self._check_nobody_was_harmed(outcome)
        assert sorted(self.folder.rglob("*")) == before
        assert self._strays() == []
        return outcome

    def check_works_on(self) -> None:
        """Whatever was attacked, the same worker processes a valid video."""
        video_id = self.world.upload(self.honest)
        assert process(self.bench, video_id, threading.Event()) is Verdict.DELETE
        assert self.world.video(video_id).status == "processed"

    def _read(self, key: str) -> bytes:
        return self.world.fetch(key, self.scratch).read_bytes()

    def _check_within_limits(self) -> None:
        for program in self.ran:
            # The kernel looks at the CPU limit once a tick and ends a program at its second word, 5 s later.
            assert program.usage.cpu_seconds <= program.limits.cpu_seconds + 6, program
            assert program.usage.peak_bytes <= program.limits.memory_bytes, program
            # A worker's instance has two gigabytes.
            assert program.usage.peak_bytes <= _MOST_BYTES, program

    def _check_nobody_was_harmed(self, outcome: Outcome) -> None:
        assert not self.canary.was_called
        neighbours = self.neighbour.read_bytes()
        for content in outcome.made.values():
            assert SECRET not in content and neighbours[-4096:] not in content
        for number, content in enumerate(outcome.made.values()):
            path = self.scratch / f"made-{number}"
            path.write_bytes(content)
            for index in (0, 7, 14):
                with contextlib.suppress(IndexError):
                    seen = clips.colour(clips.frame_at(path, index), 640, 360)
                    assert max(abs(one - other) for one, other in zip(seen, SECRET_COLOUR, strict=True)) > 40

    def _strays(self) -> list[str]:
        return [child.name() for child in psutil.Process().children(recursive=True) if self._is_in_a_job(child)]

    def _is_in_a_job(self, child: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return str(child.cwd()).startswith(str(self.folder))
        return False


@contextlib.contextmanager
def watched(ran: list[Ran]) -> Iterator[None]:
    """Writes down what each confined program used."""
    wait = SandboxedProgram.wait

    def remember(program: SandboxedProgram, timeout: float | None = None) -> int:
        is_news = program.returncode is None
        code = wait(program, timeout)
        if is_news:
            arguments = [str(argument) for argument in program.args]  # type: ignore[union-attr]
            after = arguments.index("-B") + 2
            limits = Limits(*map(int, arguments[after + 2 : after + 5]))
            ran.append(Ran(Path(arguments[after + 5]).name, limits, program.usage))
        return code

    SandboxedProgram.wait = remember  # type: ignore[method-assign]
    try:
        yield
    finally:
        SandboxedProgram.wait = wait  # type: ignore[method-assign]
