"""Sandboxed programs have no network access, for root and for unprivileged users."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from world import WorkerProcess, WorkerWorld, wait_until

from services.worker.sandbox import NOT_SANDBOXED, Limits, isolation_error
from services.worker.toolchain import find_ffmpeg
from workspace.processes import start_time

Maker = Callable[..., Path]
WorkerStarter = Callable[..., WorkerProcess]

ROOT = Path(__file__).resolve().parents[4]
LIMITS = Limits(cpu_seconds=20, memory_bytes=2**30, file_bytes=2**20)
UNPRIVILEGED_ID = 65534
# A user namespace that forbids further namespaces.
NO_NAMESPACES = [
    "unshare",
    "--map-root-user",
    "sh",
    "-c",
    'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"',
    "sh",
]
CONNECT = """
import json, socket, sys
reachable = []
for family, address in ((socket.AF_INET, ("127.0.0.1", {port})), (socket.AF_UNIX, "\\0anb-{port}")):
    with socket.socket(family) as connection:
        connection.settimeout(5)
        reachable.append(connection.connect_ex(address) == 0)
print(json.dumps([*reachable, [name for _, name in socket.if_nameindex()]]))
"""
DRIVER = """
import pathlib, sys
from services.worker.sandbox import Limits, start_sandboxed
process = start_sandboxed(sys.argv[2:], Limits(*{limits}), directory=pathlib.Path("/"), stderr=sys.stderr.buffer,
                         offline=sys.argv[1] == "offline")
print(process.communicate()[0].decode())
sys.exit(process.returncode)
"""
PARENT = """
import pathlib, sys
sys.path.insert(0, {root!r})
from services.worker.sandbox import Limits, start_sandboxed
child = start_sandboxed(["/bin/sleep", "600"], Limits(*{limits}), directory=pathlib.Path("/"), stderr=sys.stderr.buffer,
                       offline=True)
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def port() -> Iterator[int]:
    """A loopback port with a listener, which also listens on an abstract Unix socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as other:
        number = listener.getsockname()[1]
        other.bind(f"\0anb-{number}")
        other.listen()
        yield number


def probe_network(port: int, *, offline: bool, prefix: list[str] | None = None) -> list[object]:
    """Return what a program can use: the TCP port, the abstract socket, and the names of its interfaces."""
    ended = subprocess.run(
        [*(prefix or []), PYTHON, "-c", DRIVER.format(limits=tuple(LIMITS)), "offline" if offline else "online"]
        + [PYTHON, "-I", "-c", CONNECT.format(port=port)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    found: list[object] = json.loads(ended.stdout)
    return found


# Root's Python may be in a folder that other users cannot read.
PYTHON = "/usr/bin/python3" if os.geteuid() == 0 else sys.executable


def unprivileged_prefix() -> list[str]:
    if os.geteuid() != 0:
        return []
    return [
        "setpriv",
        f"--reuid={UNPRIVILEGED_ID}",
        f"--regid={UNPRIVILEGED_ID}",
        "--clear-groups",
        "--no-new-privs",
        "--bounding-set=-all",
    ]


@pytest.mark.asvs("1.3.6")
@pytest.mark.parametrize("prefix", [[], unprivileged_prefix()], ids=["as this user", "as unprivileged user"])
def test_sandboxed_program_has_no_network(port: int, prefix: list[str]) -> None:
    assert probe_network(port, offline=True, prefix=prefix) == [False, False, ["lo"]]


def test_program_without_sandbox_has_network(port: int) -> None:
    assert probe_network(port, offline=False)[:2] == [True, True]


def test_unprivileged_user_encodes_without_network(clip: Maker) -> None:
    """ffmpeg runs as the user, and in the folder, of a job."""
    folder = Path(tempfile.mkdtemp(prefix="anb-sandbox-"))
    try:
        shutil.copy(clip("640x360", seconds=1), folder / "in.mp4")
        shutil.copy(find_ffmpeg({}).path, folder / "ffmpeg")
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                os.chown(path, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
        ended = subprocess.run(
            [*unprivileged_prefix(), PYTHON, "-c", DRIVER.format(limits=(60, 4 * 2**30, 2**29)), "offline"]
            + [str(folder / "ffmpeg"), "-v", "error", "-i", str(folder / "in.mp4"), str(folder / "out.mp4")],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stderr
        assert (folder / "out.mp4").stat().st_size > 1000
    finally:
        shutil.rmtree(folder)


def test_kernel_supports_sandbox() -> None:
    assert isolation_error() is None


def test_program_is_not_started_if_kernel_refuses(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    ended = subprocess.run(
        [
            *NO_NAMESPACES,
            sys.executable,
            "-c",
            DRIVER.format(limits=tuple(LIMITS)),
            "offline",
            "/usr/bin/touch",
            str(marker),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == NOT_SANDBOXED
    assert ended.stderr == "unshare: No space left on device\n"
    assert not marker.exists()


def test_worker_requires_isolation_by_default(start_worker: WorkerStarter) -> None:
    worker = start_worker(prefix=NO_NAMESPACES)
    assert worker.process.wait(60) == 1
    log = worker.log.read_text()
    assert log.startswith("programs that read videos cannot be cut off from the network: unshare: No space left")
    assert "REQUIRE_ISOLATION=False" in log and "Traceback" not in log


def test_worker_warns_if_isolation_is_optional(world: WorkerWorld, start_worker: WorkerStarter, clip: Maker) -> None:
    video_id = world.upload(clip("640x360", seconds=1))
    worker = start_worker(prefix=NO_NAMESPACES, require_isolation=False)
    wait_until(lambda: world.video(video_id).status == "processed")
    assert worker.log_lines("programs that read videos keep the network: the kernel does not let it be taken")
    assert worker.terminate() == 0


def test_sandboxed_program_dies_with_worker() -> None:
    """The parent-death signal is set after entering the namespaces, which clears it."""
    lines = PARENT.format(root=str(ROOT), limits=tuple(LIMITS))
    parent = subprocess.Popen([sys.executable, "-c", lines], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    comm = Path(f"/proc/{child}/comm")
    wait_until(lambda: comm.read_text().strip() == "sleep")
    parent.kill()
    parent.wait()
    wait_until(lambda: start_time(child) is None)
