"""Clips that reference another player's file, a secret or a server: references are never followed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from attack_harness import SECRET, AttackHarness
from forge import alias, box, data_reference, replace_box

from services.worker import media
from services.worker.pipeline import EncodeSettings, command
from services.worker.probe import probe
from services.worker.receipt import ReceiptBuilder
from tests.integration.services.worker import clips

DREF = "moov/trak/mdia/minf/dinf/dref"
Forgery = Callable[[AttackHarness], bytes]

REFERENCES: dict[str, Forgery] = {
    "alias of the neighbour": lambda harness: alias(str(harness.neighbour), levels_up=0),
    "alias of the next folder": lambda harness: alias("job-neighbour/in.mp4", levels_up=2),
    "alias of a secret": lambda harness: alias(str(harness.neighbour.with_name("secret.txt")), levels_up=0),
    "alias of a server": lambda harness: alias(harness.url, levels_up=0),
    "url of a server": lambda harness: data_reference(b"url ", harness.url.encode() + b"\0"),
    "url of a file": lambda harness: data_reference(b"url ", f"file://{harness.neighbour}".encode() + b"\0"),
    "urn of a server": lambda harness: data_reference(b"urn ", b"urn:x\0" + harness.url.encode() + b"\0"),
}


def with_reference(base: bytes, reference: bytes) -> bytes:
    return replace_box(base, DREF, lambda _: reference)


@pytest.mark.parametrize("name", REFERENCES)
def test_reference_to_another_file_is_not_followed(harness: AttackHarness, base: bytes, name: str) -> None:
    outcome = harness.with_network().attack(with_reference(base, REFERENCES[name](harness)))
    # An alias leaves the clip without media data; other references are ignored, and the clip's own data is read.
    assert outcome.reason == ("damaged" if name.startswith("alias") else None)


@pytest.mark.parametrize("name", REFERENCES)
def test_clip_without_media_data_gets_none_from_others(harness: AttackHarness, name: str) -> None:
    """The index is the neighbour's: if the reference were followed, the neighbour's frames would appear."""
    forged = with_reference(harness.neighbour.read_bytes(), REFERENCES[name](harness))
    empty = replace_box(forged, "mdat", lambda inner: box(b"mdat", bytes(len(inner))))
    assert harness.with_network().attack(empty).reason == "damaged"


def test_ffmpeg_would_follow_references_if_allowed(shelf: Path, tmp_path: Path) -> None:
    """Control: this ffmpeg follows the forged alias if its options allow it."""
    neighbour = shelf / "neighbour.mp4"
    forged = with_reference(neighbour.read_bytes(), alias(str(neighbour), levels_up=0))
    empty = replace_box(forged, "mdat", lambda inner: box(b"mdat", bytes(len(inner))))
    (tmp_path / "in.mp4").write_bytes(empty)
    allowed = ("-enable_drefs", "1", "-use_absolute_path", "1")
    clips.run_ffmpeg(*allowed, "-f", "mov", "-i", tmp_path / "in.mp4", "-frames:v", "1", tmp_path / "stolen.png")
    red, green, blue = clips.mean_colour(clips.frame_at(tmp_path / "stolen.png"), 100, 100)
    assert red > 200 and green < 60 and blue > 200


def test_demuxer_options_reach_the_command(encode_settings: EncodeSettings, shelf: Path, tmp_path: Path) -> None:
    shutil.copy(shelf / "valid_clip.mp4", tmp_path / media.ORIGINAL)
    line = command(encode_settings, probe(tmp_path, offline=True, builder=ReceiptBuilder(release="", ffmpeg="")))
    before_input = line[: line.index(media.ORIGINAL)]
    for name, value in media.DEMUXER_OPTIONS.items():
        assert before_input[before_input.index(f"-{name}") + 1] == value
    assert media.DEMUXER_OPTIONS == {
        "protocol_whitelist": "file",
        "enable_drefs": "0",
        "use_absolute_path": "0",
    }


def test_subtitles_and_metadata_are_left_out(harness: AttackHarness, base: bytes) -> None:
    (harness.scratch / "base.mp4").write_bytes(base)
    text = f"1\n00:00:00,000 --> 00:00:02,000\n<a href='{harness.url}'>{harness.url}</a>\n"
    (harness.scratch / "text.srt").write_text(text)
    clips.run_ffmpeg(
        *("-i", harness.scratch / "base.mp4", "-i", harness.scratch / "text.srt", "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-c:s", "mov_text", "-metadata", f"comment={harness.url}", harness.scratch / "subtitled.mp4"),
    )
    outcome = harness.with_network().attack(harness.scratch / "subtitled.mp4")
    assert outcome.reason is None
    assert outcome.receipt.found is not None and outcome.receipt.found.streams == 2
    for content in outcome.outputs.values():
        assert harness.url.encode() not in content


def test_job_folders_are_private(harness: AttackHarness) -> None:
    assert harness.folder.stat().st_mode & 0o777 == 0o700
    with (
        harness.context.workspace.job(original_bytes=0) as first,
        harness.context.workspace.job(original_bytes=0) as second,
    ):
        assert first.stat().st_mode & 0o777 == second.stat().st_mode & 0o777 == 0o700
        assert first.name != second.name and len(first.name) >= len("job-") + 8


def test_harness_detects_stolen_content(harness: AttackHarness) -> None:
    """Control: the harness detects the neighbour's video."""
    shutil.copy(harness.neighbour, harness.scratch / "same.mp4")
    with pytest.raises(AssertionError):
        harness.attack(harness.scratch / "same.mp4")
    assert SECRET in harness.neighbour.with_name("secret.txt").read_bytes()
    with av.open(str(harness.neighbour)) as container:
        assert container.streams.video[0].frames == 90
