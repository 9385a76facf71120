"""Programs that read strangers' files reach no network, whoever the worker runs as."""

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
from world import WorkerProcess, World, until

from services.worker.sandbox import NOT_CONFINED, Limits, kernel_refusal
from services.worker.toolchain import find_ffmpeg

Maker = Callable[..., Path]
WorkerStarter = Callable[..., WorkerProcess]

ROOT = Path(__file__).resolve().parents[4]
LIMITS = Limits(cpu_seconds=20, memory_bytes=2**30, file_bytes=2**20)
NOBODY = 65534
# A user namespace in which nobody may make another one.
REFUSING = ["unshare", "--map-root-user", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"]
CONNECT = """
import json, socket, sys
told = []
for family, address in ((socket.AF_INET, ("127.0.0.1", {port})), (socket.AF_UNIX, "\\0anb-{port}")):
    with socket.socket(family) as connection:
        connection.settimeout(5)
        told.append(connection.connect_ex(address) == 0)
print(json.dumps([*told, [name for _, name in socket.if_nameindex()]]))
"""
DRIVER = """
import pathlib, sys
from services.worker.sandbox import Limits, start_confined
process = start_confined(sys.argv[2:], Limits(*{limits}), directory=pathlib.Path("/"), stderr=sys.stderr.buffer,
                         offline=sys.argv[1] == "offline")
print(process.communicate()[0].decode())
sys.exit(process.returncode)
"""
PARENT = """
import pathlib, sys
sys.path.insert(0, {root!r})
from services.worker.sandbox import Limits, start_confined
child = start_confined(["/bin/sleep", "600"], Limits(*{limits}), directory=pathlib.Path("/"), stderr=sys.stderr.buffer,
                       offline=True)
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine's loopback on which somebody listens, who also listens on an abstract name."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as other:
        number = listener.getsockname()[1]
        other.bind(f"\0anb-{number}")
        other.listen()
        yield number


def reached(port: int, *, offline: bool, before: list[str] | None = None) -> list[object]:
    """What a confined program reaches of this machine: its port, its abstract name, and its interfaces."""
    ended = subprocess.run(
        [*(before or []), PYTHON, "-c", DRIVER.format(limits=tuple(LIMITS)), "offline" if offline else "online"]
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


# Root's own Python may lie where nobody else may read.
PYTHON = "/usr/bin/python3" if os.geteuid() == 0 else sys.executable


def as_a_plain_user() -> list[str]:
    if os.geteuid() != 0:
        return []
    return [
        "setpriv",
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "--no-new-privs",
        "--bounding-set=-all",
    ]


@pytest.mark.asvs("1.3.6")
@pytest.mark.parametrize("before", [[], as_a_plain_user()], ids=["as this user", "as a plain user"])
def test_a_confined_program_reaches_nobody_not_even_on_this_machine(port: int, before: list[str]) -> None:
    assert reached(port, offline=True, before=before) == [False, False, ["lo"]]


def test_without_confinement_it_would(port: int) -> None:
    assert reached(port, offline=False)[:2] == [True, True]


def test_a_plain_user_makes_a_video_without_a_network(clip: Maker) -> None:
    """The very ffmpeg, under the user and in the folder of a job."""
    folder = Path(tempfile.mkdtemp(prefix="anb-confine-"))
    try:
        shutil.copy(clip("640x360", seconds=1), folder / "in.mp4")
        shutil.copy(find_ffmpeg({}).path, folder / "ffmpeg")
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                os.chown(path, NOBODY, NOBODY)
        ended = subprocess.run(
            [*as_a_plain_user(), PYTHON, "-c", DRIVER.format(limits=(60, 4 * 2**30, 2**29)), "offline"]
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


def test_this_kernel_allows_it() -> None:
    assert kernel_refusal() is None


def test_where_the_kernel_refuses_nothing_is_started(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ended = subprocess.run(
        [*REFUSING, sys.executable, "-c", DRIVER.format(limits=tuple(LIMITS)), "offline", "/usr/bin/touch", str(mark)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == NOT_CONFINED
    assert ended.stderr == "unshare: No space left on device\n"
    assert not mark.exists()


def test_an_instances_worker_does_not_start_where_the_kernel_refuses(start_worker: WorkerStarter) -> None:
    worker = start_worker(before=REFUSING)
    assert worker.process.wait(60) == 1
    told = worker.log.read_text()
    assert told.startswith("programs that read videos cannot be cut off from the network: unshare: No space left")
    assert "REQUIRE_ISOLATION=False" in told and "Traceback" not in told


def test_on_one_machine_the_worker_warns_and_works(world: World, start_worker: WorkerStarter, clip: Maker) -> None:
    video_id = world.upload(clip("640x360", seconds=1))
    worker = start_worker(before=REFUSING, require_isolation=False)
    until(lambda: world.video(video_id).status == "processed")
    assert worker.said("programs that read videos keep the network: the kernel does not let it be taken")
    assert worker.terminate() == 0


def test_a_confined_program_ends_with_the_worker() -> None:
    """The parent's death signal is set after the namespaces are entered, which would clear it."""
    lines = PARENT.format(root=str(ROOT), limits=tuple(LIMITS))
    parent = subprocess.Popen([sys.executable, "-c", lines], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    comm = Path(f"/proc/{child}/comm")
    until(lambda: comm.read_text().strip() == "sleep")
    parent.kill()
    parent.wait()
    until(lambda: not comm.exists() or Path(f"/proc/{child}/stat").read_text().split()[2] == "Z")
