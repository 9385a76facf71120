"""Files of other formats, named .mp4: each check alone refuses them."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from attack_harness import AttackHarness, Canary
from forge import box

from services.worker import media
from services.worker.errors import InvalidMedia
from services.worker.mp4_boxes import check_container
from services.worker.pipeline import EncodeSettings, command
from services.worker.probe import probe
from services.worker.receipt import ReceiptBuilder
from tests.integration.services.worker import clips

Forgery = Callable[[str, Path], bytes]


def _zip(_: str, __: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("clip.mp4", b"x")
    return archive.getvalue()


def _dash(url: str, _: Path) -> bytes:
    return (
        "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' "
        "mediaPresentationDuration='PT10S'><Period><AdaptationSet mimeType='video/mp4'><Representation id='1' "
        f"bandwidth='1' codecs='avc1.42c01e' width='64' height='64'><BaseURL>{url}</BaseURL>"
        "<SegmentBase/></Representation></AdaptationSet></Period></MPD>"
    ).encode()


def _sdp(url: str, _: Path) -> bytes:
    port = url.split(":")[2].split("/")[0]
    return (
        f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video {port} RTP/AVP 96\r\n"
        "a=rtpmap:96 H264/90000\r\n"
    ).encode()


def _hls(address: str) -> bytes:
    return (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\n{address}\n#EXT-X-ENDLIST\n"
    ).encode()


FORGERIES: dict[str, Forgery] = {
    "concat of the neighbour": lambda _, __: b"ffconcat version 1.0\nfile ../job-neighbour/in.mp4\n",
    "concat of a file in the same folder": lambda _, __: b"ffconcat version 1.0\nfile beside.mp4\n",
    "concat of an absolute path": lambda _, path: f"ffconcat version 1.0\nfile '{path}'\n".encode(),
    "concat from a server": lambda url, _: f"ffconcat version 1.0\nfile {url}\n".encode(),
    "HLS from a server": lambda url, _: _hls(url),
    "HLS of a file": lambda _, path: _hls(f"file://{path}"),
    "HLS of a secret": lambda url, path: _hls(f"concat:{url}|file://{path.with_name('secret.txt')}"),
    "DASH from a server": _dash,
    "SDP that waits for packets": _sdp,
    "VobSub index": lambda _, __: b"# VobSub index file, v7\nsize: 720x576\nid: en, index: 0\n",
    "zip": _zip,
    "web page": lambda url, _: f"<!doctype html><script src='{url}'></script>".encode(),
    "Windows program": lambda _, __: b"MZ\x90\x00" + bytes(4096),
    "Linux program": lambda _, __: Path("/bin/true").read_bytes(),
    "shell script": lambda url, _: f"#!/bin/sh\ncurl {url}\n".encode(),
    "SVG": lambda url, _: f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}'/></svg>".encode(),
    "GIF": lambda _, __: b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x00\x00\x00;",
    "Matroska": lambda _, __: b"\x1aE\xdf\xa3" + bytes(512),
    "loop of options": lambda url, _: f";FFMETADATA1\ntitle=$(curl {url})\n".encode(),
}


def test_other_formats_are_refused_before_any_program_runs(harness: AttackHarness) -> None:
    outcomes = {name: harness.attack(forge(harness.url, harness.neighbour)) for name, forge in FORGERIES.items()}
    assert {name: (outcome.reason, outcome.programs) for name, outcome in outcomes.items()} == dict.fromkeys(
        FORGERIES, ("not_a_video", [])
    )


def test_image_is_refused_before_any_program_runs(harness: AttackHarness) -> None:
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240", "-frames:v", "1", harness.scratch / "image.png")
    outcome = harness.attack(harness.scratch / "image.png")
    assert (outcome.reason, outcome.programs) == ("not_a_video", [])


@pytest.mark.parametrize("name", ["concat of an absolute path", "HLS of a secret", "DASH from a server", "web page"])
def test_other_format_inside_valid_boxes_is_damaged(harness: AttackHarness, name: str) -> None:
    hidden = FORGERIES[name](harness.url, harness.neighbour)
    outcome = harness.with_network().attack(box(b"ftyp", b"isomisom") + box(b"moov", hidden) + box(b"mdat", hidden))
    assert outcome.reason == "damaged"
    # The probe refused it; no encoder was started.
    assert len(outcome.programs) == 1


@pytest.fixture
def job(shelf: Path, tmp_path: Path) -> Path:
    """A job folder next to another player's."""
    for folder in ("job", "job-neighbour"):
        (tmp_path / folder).mkdir()
    for name in ("job/beside.mp4", "job-neighbour/in.mp4"):
        shutil.copy(shelf / "neighbour.mp4", tmp_path / name)
    return tmp_path / "job"


@pytest.fixture(scope="module")
def encode(shelf: Path, encode_settings: EncodeSettings, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command line that encodes a valid clip, to be run on a forged one."""
    folder = tmp_path_factory.mktemp("valid")
    shutil.copy(shelf / "valid_clip.mp4", folder / media.ORIGINAL)
    return command(encode_settings, probe(folder, offline=False, builder=ReceiptBuilder(release="", ffmpeg="")))


@pytest.mark.parametrize("name", FORGERIES)
def test_each_check_alone_refuses_other_formats(job: Path, encode: list[str], name: str) -> None:
    canary = Canary()
    forged = FORGERIES[name](f"http://127.0.0.1:{canary.port}/x.mp4", job.parent / "job-neighbour" / "in.mp4")
    (job / media.ORIGINAL).write_bytes(forged)
    with pytest.raises(InvalidMedia):
        check_container(job / media.ORIGINAL)
    with pytest.raises(InvalidMedia):
        probe(job, offline=False, builder=ReceiptBuilder(release="", ffmpeg=""))
    ended = subprocess.run(encode, cwd=job, capture_output=True, timeout=120)
    assert ended.returncode != 0
    assert not (job / media.PROCESSED).exists() or not (job / media.PROCESSED).stat().st_size
    assert not canary.was_contacted
    canary.close()


def test_guessed_format_would_play_another_file(job: Path) -> None:
    """Control: the same ffmpeg plays the file in the same folder if it may guess the format."""
    (job / media.ORIGINAL).write_bytes(FORGERIES["concat of a file in the same folder"]("", job))
    clips.run_ffmpeg("-protocol_whitelist", "file", "-i", job / media.ORIGINAL, "-frames:v", "1", job / "stolen.png")
    assert clips.mean_colour(clips.frame_at(job / "stolen.png"), 100, 100)[0] > 200
