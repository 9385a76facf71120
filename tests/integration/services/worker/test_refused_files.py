"""Files that cannot become a video fail permanently at the first attempt, with a reason for the player.

Malicious files: tests/integration/media/attacks.
"""

from __future__ import annotations

import dataclasses
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import clips
import pytest
from world import WorkerWorld

from services.consumer import Verdict
from services.shared import storage
from services.worker.job import WorkerContext, process

Maker = Callable[..., Path]


@pytest.fixture
def refuse(world: WorkerWorld, context: WorkerContext) -> Callable[[Path], str]:
    """Return a function that processes a file which must fail cleanly, and returns the failure reason."""

    def run(path: Path) -> str:
        video_id = world.upload(path)
        assert process(context, video_id, threading.Event()) is Verdict.DELETE
        video = world.video(video_id)
        assert (video.status, video.processed_url, world.attempts(video_id)) == ("failed", None, 1)
        assert world.detail(video_id)
        assert world.objects() == []
        assert video.failure_reason is not None
        return video.failure_reason

    return run


def write_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


@pytest.mark.asvs("5.2.2")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"I am a text file named .mp4\n",
        b"RIFF\x00\x00\x00\x00AVI LIST",
        b"\x00" * 4096,
        b"ftyp",
    ],
    ids=["empty", "text", "avi", "zeros", "four-bytes"],
)
def test_other_formats_are_not_a_video(refuse: Callable[[Path], str], tmp_path: Path, content: bytes) -> None:
    assert refuse(write_file(tmp_path / "clip.mp4", content)) == "not_a_video"


def test_sound_only_file_is_not_a_video(refuse: Callable[[Path], str], tmp_path: Path) -> None:
    clips.write_cached("-f", "lavfi", "-i", "sine=duration=2", tmp_path / "sound.mp4")
    assert refuse(tmp_path / "sound.mp4") == "not_a_video"


NETWORK_FILES = {
    "concat": "ffconcat version 1.0\nfile {url}\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\n{url}\n#EXT-X-ENDLIST\n",
    "hls key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:10.0,\nin.mp4\n#EXT-X-ENDLIST\n',
    "dash": "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' "
    "mediaPresentationDuration='PT9S'><Period><AdaptationSet mimeType='video/mp4'><Representation id='1' "
    "bandwidth='1'><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=control:{url}\nm=video 5004 RTP/AVP 96\n",
    "list of addresses": "[playlist]\nFile1={url}\nNumberOfEntries=1\n",
    "picture": "<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}'/></svg>",
}


@pytest.mark.asvs("1.3.6")
def test_no_file_causes_network_requests(refuse: Callable[[Path], str], tmp_path: Path) -> None:
    """Each file references the address of a listening server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = "{}://127.0.0.1:%d/x.mp4" % server.getsockname()[1]  # noqa: UP031
        control = subprocess.Popen([clips.FFMPEG, "-v", "quiet", "-i", url.format("http")], stdin=subprocess.DEVNULL)
        server.accept()[0].close()
        control.wait(60)
        server.settimeout(0.2)
        for kind, content in NETWORK_FILES.items():
            for scheme in ("http", "tcp"):
                path = write_file(tmp_path / "clip.mp4", content.format(url=url.format(scheme)).encode())
                assert refuse(path) == "not_a_video", kind
                with pytest.raises(TimeoutError):
                    server.accept()


def test_other_codec_is_unsupported_format(refuse: Callable[[Path], str], clip: Maker) -> None:
    assert refuse(clip("320x240", seconds=1, ending="mov", codec=("-c:v", "png"))) == "unsupported_format"


def test_too_many_streams_is_unsupported_format(refuse: Callable[[Path], str], clip: Maker, tmp_path: Path) -> None:
    many = tmp_path / "many.mp4"
    clips.write_cached("-i", clip("320x240", seconds=1), *["-map", "0:v"] * 9, "-c", "copy", many)
    assert refuse(many) == "unsupported_format"


def test_too_many_pixels_is_too_large_picture(refuse: Callable[[Path], str], clip: Maker) -> None:
    assert refuse(clip("4098x2306", seconds=0.6, rate="5", source="color=red")) == "too_large_picture"


def test_largest_accepted_frame_size_is_processed(world: WorkerWorld, context: WorkerContext, clip: Maker) -> None:
    video_id = world.upload(clip("4096x2304", seconds=0.6, rate="5", source="color=red"))
    process(context, video_id, threading.Event())
    assert world.video(video_id).status == "processed"


def test_clip_shorter_than_half_a_second_is_too_short(refuse: Callable[[Path], str], clip: Maker) -> None:
    assert refuse(clip("320x240", seconds=0.3)) == "too_short"


def test_truncated_file_is_damaged(refuse: Callable[[Path], str], clip: Maker, tmp_path: Path) -> None:
    index_last = clip("320x240", seconds=2).read_bytes()
    index_first = clip("320x240", seconds=2, extra=("-movflags", "+faststart")).read_bytes()
    for number, content in enumerate((index_last, index_first)):
        cut = write_file(tmp_path / f"{number}.mp4", content[: len(content) // 2])
        assert refuse(cut) == "damaged"


def test_overwritten_media_data_is_damaged(refuse: Callable[[Path], str], clip: Maker, tmp_path: Path) -> None:
    content = bytearray(clip("320x240", seconds=2, extra=("-movflags", "+faststart")).read_bytes())
    start = content.index(b"mdat") + 4
    content[start:] = bytes(len(content) - start)
    assert refuse(write_file(tmp_path / "clip.mp4", bytes(content))) == "damaged"


@pytest.mark.parametrize(
    "content",
    [
        box(b"ftyp", b"isomisom"),
        box(b"ftyp", b"isomisom") + box(b"moov", b""),
        box(b"ftyp", b"isomisom") + box(b"mdat", b"x" * 64),
        box(b"ftyp", b"isomisom") + box(b"moov", b"\xff" * 256) + box(b"mdat", b"x" * 64),
        box(b"ftyp", b"isomisom") + struct.pack(">I4sQ", 1, b"mdat", 2**62),
    ],
    ids=["header-only", "no-pictures", "no-index", "index-of-noise", "endless-box"],
)
def test_incomplete_container_is_damaged(refuse: Callable[[Path], str], tmp_path: Path, content: bytes) -> None:
    assert refuse(write_file(tmp_path / "clip.mp4", content)) == "damaged"


def test_missing_object_is_file_missing(world: WorkerWorld, context: WorkerContext, clip: Maker) -> None:
    video_id = world.upload(clip("320x240", seconds=1))
    world.store.delete(storage.original_key(video_id))
    assert process(context, video_id, threading.Event()) is Verdict.DELETE
    assert world.video(video_id).failure_reason == "file_missing"


def test_time_limit_fails_video_as_took_too_long(world: WorkerWorld, context: WorkerContext, clip: Maker) -> None:
    video_id = world.upload(clip("1080x1920", seconds=45, sound=True, source="color=red"))
    impatient = dataclasses.replace(context, max_seconds=1)
    assert process(impatient, video_id, threading.Event()) is Verdict.DELETE
    assert world.video(video_id).failure_reason == "took_too_long"
    assert world.objects() == []


def test_non_utf8_metadata_is_accepted(
    world: WorkerWorld, fast_context: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    titled = clip("320x240", seconds=1, extra=("-metadata", "title=Final de la liga")).read_bytes()
    latin = write_file(tmp_path / "clip.mp4", titled.replace(b"Final de la liga", "Finál dé lá lígá".encode("latin-1")))
    video_id = world.upload(latin)
    process(fast_context, video_id, threading.Event())
    assert world.video(video_id).status == "processed"
