"""Clips that point elsewhere: at another player's file, at a secret, at a server. Nobody follows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from attack_harness import SECRET, Arena
from forge import alias, box, data_reference, edited

from services.worker import media
from services.worker.pipeline import EncodeSettings, command
from services.worker.probe import probe
from services.worker.receipt import ReceiptBuilder
from tests.integration.services.worker import clips

DREF = "moov/trak/mdia/minf/dinf/dref"
Forgery = Callable[[Arena], bytes]

REFERENCES: dict[str, Forgery] = {
    "alias of the neighbour": lambda arena: alias(str(arena.neighbour), levels_up=0),
    "alias of the folder beside": lambda arena: alias("job-neighbour/in.mp4", levels_up=2),
    "alias of a secret": lambda arena: alias(str(arena.neighbour.with_name("secret.txt")), levels_up=0),
    "alias of a server": lambda arena: alias(arena.url, levels_up=0),
    "url of a server": lambda arena: data_reference(b"url ", arena.url.encode() + b"\0"),
    "url of a file": lambda arena: data_reference(b"url ", f"file://{arena.neighbour}".encode() + b"\0"),
    "urn of a server": lambda arena: data_reference(b"urn ", b"urn:x\0" + arena.url.encode() + b"\0"),
}


def with_reference(base: bytes, reference: bytes) -> bytes:
    return edited(base, DREF, lambda _: reference)


@pytest.mark.parametrize("name", REFERENCES)
def test_reference_to_another_file_is_not_followed(arena: Arena, base: bytes, name: str) -> None:
    outcome = arena.with_network().attack(with_reference(base, REFERENCES[name](arena)))
    # An alias leaves the clip without pictures; of the others they are read from the clip itself, whatever it says.
    assert outcome.reason == ("damaged" if name.startswith("alias") else None)


@pytest.mark.parametrize("name", REFERENCES)
def test_a_clip_without_pictures_of_its_own_gets_no_others(arena: Arena, name: str) -> None:
    """Its index is the neighbour's: were the reference followed, the neighbour's pictures would be shown."""
    forged = with_reference(arena.neighbour.read_bytes(), REFERENCES[name](arena))
    empty = edited(forged, "mdat", lambda inner: box(b"mdat", bytes(len(inner))))
    assert arena.with_network().attack(empty).reason == "damaged"


def test_ffmpeg_would_follow_if_it_was_allowed_to(shelf: Path, tmp_path: Path) -> None:
    """What the options are for: the forged alias is one that this ffmpeg understands."""
    neighbour = shelf / "neighbour.mp4"
    forged = with_reference(neighbour.read_bytes(), alias(str(neighbour), levels_up=0))
    empty = edited(forged, "mdat", lambda inner: box(b"mdat", bytes(len(inner))))
    (tmp_path / "in.mp4").write_bytes(empty)
    allowed = ("-enable_drefs", "1", "-use_absolute_path", "1")
    clips.ffmpeg(*allowed, "-f", "mov", "-i", tmp_path / "in.mp4", "-frames:v", "1", tmp_path / "stolen.png")
    red, green, blue = clips.colour(clips.frame_at(tmp_path / "stolen.png"), 100, 100)
    assert red > 200 and green < 60 and blue > 200


def test_both_programs_are_told_so(recipe: EncodeSettings, shelf: Path, tmp_path: Path) -> None:
    shutil.copy(shelf / "honest.mp4", tmp_path / media.ORIGINAL)
    line = command(recipe, probe(tmp_path, offline=True, draft=ReceiptBuilder(release="", ffmpeg="")))
    before_input = line[: line.index(media.ORIGINAL)]
    for name, value in media.DEMUXER_OPTIONS.items():
        assert before_input[before_input.index(f"-{name}") + 1] == value
    assert media.DEMUXER_OPTIONS == {
        "protocol_whitelist": "file",
        "enable_drefs": "0",
        "use_absolute_path": "0",
    }


def test_subtitles_and_data_that_name_servers_are_left_out(arena: Arena, base: bytes) -> None:
    (arena.scratch / "base.mp4").write_bytes(base)
    text = f"1\n00:00:00,000 --> 00:00:02,000\n<a href='{arena.url}'>{arena.url}</a>\n"
    (arena.scratch / "text.srt").write_text(text)
    clips.ffmpeg(
        *("-i", arena.scratch / "base.mp4", "-i", arena.scratch / "text.srt", "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-c:s", "mov_text", "-metadata", f"comment={arena.url}", arena.scratch / "subtitled.mp4"),
    )
    outcome = arena.with_network().attack(arena.scratch / "subtitled.mp4")
    assert outcome.reason is None
    assert outcome.receipt.found is not None and outcome.receipt.found.streams == 2
    for content in outcome.made.values():
        assert arena.url.encode() not in content


def test_a_neighbours_folder_can_be_read_by_nobody_else(arena: Arena) -> None:
    assert arena.folder.stat().st_mode & 0o777 == 0o700
    with arena.bench.workspace.job(original_bytes=0) as first, arena.bench.workspace.job(original_bytes=0) as second:
        assert first.stat().st_mode & 0o777 == second.stat().st_mode & 0o777 == 0o700
        assert first.name != second.name and len(first.name) >= len("job-") + 8


def test_a_secret_is_noticed_where_it_is_stolen(arena: Arena) -> None:
    """The arena's own eyes: what it looks for is found in a video of the neighbour's."""
    shutil.copy(arena.neighbour, arena.scratch / "same.mp4")
    with pytest.raises(AssertionError):
        arena.attack(arena.scratch / "same.mp4")
    assert SECRET in arena.neighbour.with_name("secret.txt").read_bytes()
    with av.open(str(arena.neighbour)) as container:
        assert container.streams.video[0].frames == 90
