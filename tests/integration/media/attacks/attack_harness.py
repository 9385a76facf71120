"""Harness for attacks: a worker's context, another player's files, and a listener that must not be contacted."""

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
from tests.integration.services.worker.world import WorkerWorld

SECRET = b"another player's secret"
_MAX_PEAK_BYTES = 2**30
SECRET_COLOUR = (254, 0, 254)


class Canary:
    """Listens on loopback, TCP and UDP, to detect connections."""

    def __init__(self) -> None:
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        for listener in (self._tcp, self._udp):
            listener.setblocking(False)

    @property
    def was_contacted(self) -> bool:
        """Whether anything connected since the last call."""
        contacted = False
        with contextlib.suppress(BlockingIOError):
            self._tcp.accept()[0].close()
            contacted = True
        with contextlib.suppress(BlockingIOError):
            self._udp.recv(1)
            contacted = True
        return contacted

    def close(self) -> None:
        """Close the sockets."""
        self._tcp.close()
        self._udp.close()


@dataclass(frozen=True)
class ProgramRun:
    """A sandboxed program that ran, with its limits and usage."""

    name: str
    limits: Limits
    usage: Usage


@dataclass(frozen=True)
class AttackOutcome:
    """Result of processing a file; ``reason`` is None if a video was published."""

    reason: str | None
    detail: str | None
    receipt: Receipt
    programs: list[ProgramRun]
    outputs: dict[str, bytes]


@dataclass
class AttackHarness:
    """Runs attacks and checks that they do no harm; shared by the tests of a module.

    Args:
        folder: parent of the job folders.
        neighbour: another player's video, in another job folder.
        valid_clip: clip that must be processed after all attacks.
        scratch: temporary folder of the test.
        program_runs: programs run by the current attack.
    """

    world: WorkerWorld
    context: WorkerContext
    canary: Canary
    folder: Path
    neighbour: Path
    valid_clip: Path
    scratch: Path
    program_runs: list[ProgramRun] = field(default_factory=list)

    def with_network(self) -> AttackHarness:
        """Return a copy without network isolation: only the command line protects."""
        return dataclasses.replace(self, context=dataclasses.replace(self.context, offline=False))

    @property
    def url(self) -> str:
        """A URL that must never be requested."""
        return f"http://127.0.0.1:{self.canary.port}/stolen.mp4"

    def attack(self, content: bytes | Path, *, title: str = "A clip") -> AttackOutcome:
        """Process a file; assert that no other data leaked and nothing is left behind."""
        path = content if isinstance(content, Path) else self.scratch / "attack.mp4"
        if isinstance(content, bytes):
            path.write_bytes(content)
        before = sorted(self.folder.rglob("*"))
        video_id = self.world.upload(path)
        self.world.set_title(video_id, title)
        self.program_runs.clear()
        assert process(self.context, video_id, threading.Event()) is Verdict.DELETE
        video = self.world.video(video_id)
        outputs = {key: self._read(key) for key in (video.processed_url, video.poster_url) if key}
        outcome = AttackOutcome(
            video.failure_reason,
            self.world.detail(video_id),
            self.world.receipt(video_id).receipt,
            list(self.program_runs),
            outputs,
        )
        assert self.world.attempts(video_id) == 1
        self._check_within_limits()
        self._check_isolation(outcome)
        assert sorted(self.folder.rglob("*")) == before
        assert self._leftover_processes() == []
        return outcome

    def check_still_works(self) -> None:
        """Assert that the worker still processes a valid video."""
        video_id = self.world.upload(self.valid_clip)
        assert process(self.context, video_id, threading.Event()) is Verdict.DELETE
        assert self.world.video(video_id).status == "processed"

    def _read(self, key: str) -> bytes:
        return self.world.fetch(key, self.scratch).read_bytes()

    def _check_within_limits(self) -> None:
        for program in self.program_runs:
            # The kernel enforces the CPU limit per tick, and kills at the hard limit, 5 s after the soft one.
            assert program.usage.cpu_seconds <= program.limits.cpu_seconds + 6, program
            assert program.usage.peak_bytes <= program.limits.memory_bytes, program
            # Instances of workers have two gigabytes.
            assert program.usage.peak_bytes <= _MAX_PEAK_BYTES, program

    def _check_isolation(self, outcome: AttackOutcome) -> None:
        assert not self.canary.was_contacted
        neighbour = self.neighbour.read_bytes()
        for content in outcome.outputs.values():
            assert SECRET not in content and neighbour[-4096:] not in content
        for number, content in enumerate(outcome.outputs.values()):
            path = self.scratch / f"output-{number}"
            path.write_bytes(content)
            for index in (0, 7, 14):
                with contextlib.suppress(IndexError):
                    actual = clips.mean_colour(clips.frame_at(path, index), 640, 360)
                    assert max(abs(one - other) for one, other in zip(actual, SECRET_COLOUR, strict=True)) > 40

    def _leftover_processes(self) -> list[str]:
        return [child.name() for child in psutil.Process().children(recursive=True) if self._runs_in_job_folder(child)]

    def _runs_in_job_folder(self, child: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return str(child.cwd()).startswith(str(self.folder))
        return False


@contextlib.contextmanager
def recording_program_runs(program_runs: list[ProgramRun]) -> Iterator[None]:
    """Record the limits and usage of each sandboxed program."""
    wait = SandboxedProgram.wait

    def recording_wait(program: SandboxedProgram, timeout: float | None = None) -> int:
        still_running = program.returncode is None
        code = wait(program, timeout)
        if still_running:
            arguments = [str(argument) for argument in program.args]  # type: ignore[union-attr]
            after = arguments.index("-B") + 2
            limits = Limits(*map(int, arguments[after + 2 : after + 5]))
            program_runs.append(ProgramRun(Path(arguments[after + 5]).name, limits, program.usage))
        return code

    SandboxedProgram.wait = recording_wait  # type: ignore[method-assign]
    try:
        yield
    finally:
        SandboxedProgram.wait = wait  # type: ignore[method-assign]
