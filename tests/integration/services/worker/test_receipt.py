"""Each video's receipt: what came in, what was run, what came out and what it took, or why nothing came out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import clips
import pytest
from sqlalchemy import text
from world import HookedStore, World

from services.videos import claims
from services.videos.receipts import FileDigest, Receipt, ReceiptOutputs, SourceProperties, find_receipt
from services.worker.job import WorkerContext, process
from services.worker.toolchain import find_ffmpeg

Maker = Callable[..., Path]
never = threading.Event()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def receipt_of(world: World, bench: WorkerContext, path: Path) -> Receipt:
    video_id = world.upload(path)
    process(bench, video_id, never)
    return world.receipt(video_id).receipt


def test_a_processed_video_has_a_receipt_of_everything(
    world: World, bench: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    original = clip("1080x1920", seconds=3, rate="24", sound=True, source="color=red")
    video_id = world.upload(original)
    process(dataclasses.replace(bench, recipe=dataclasses.replace(bench.recipe, max_seconds=2)), video_id, never)
    video, dated = world.video(video_id), world.receipt(video_id)
    receipt = dated.receipt
    assert (receipt.release, receipt.ffmpeg) == ("1.2.3", find_ffmpeg(os.environ).version)
    assert receipt.original == FileDigest(original.stat().st_size, sha256(original))
    assert receipt.found == SourceProperties(
        container="isom",
        streams=2,
        sound=True,
        codec="h264",
        width=1080,
        height=1920,
        rotation=0,
        pixel_shape="1",
        pixel_format="yuv420p",
        frame_rate="24",
        seconds=3.0,
    )
    assert receipt.made == ReceiptOutputs(width=1280, height=720, frame_rate="24", kept_seconds=2)
    assert video.processed_url and video.poster_url and video.preview_url
    stored = {"video": video.processed_url, "poster": video.poster_url, "preview": video.preview_url}
    for name, key in stored.items():
        file = world.fetch(key, tmp_path)
        assert receipt.files[name] == FileDigest(file.stat().st_size, sha256(file))
    assert set(receipt.files) == set(stored)
    assert dated.attempt == 1
    assert dated.finished_at == video.processed_at
    assert video.uploaded_at < dated.started_at < dated.finished_at


def test_what_was_run_is_told_without_the_folders_of_this_machine(
    world: World, quick_bench: WorkerContext, clip: Maker
) -> None:
    command = receipt_of(world, quick_bench, clip("320x240", seconds=1)).command
    assert command is not None
    assert command[0] == quick_bench.recipe.ffmpeg.name == "ffmpeg"
    assert [part for part in command if part.startswith("/")] == []
    assert [part for part in command if part.endswith((".mp4", ".png", ".jpg"))] == [
        "curtain.png", "in.mp4", "watermark.png", "out.mp4", "poster.jpg", "preview.mp4",
    ]  # fmt: skip
    graph = command[command.index("-filter_complex") + 1]
    assert "scale" in graph and "overlay" in graph


def test_what_it_took_is_counted_by_the_kernel(world: World, bench: WorkerContext, clip: Maker) -> None:
    original = clip("640x360", seconds=4, source="testsrc2")
    before = os.times()
    receipt = receipt_of(world, bench, original)
    after = os.times()
    of_programs = after.children_user + after.children_system - before.children_user - before.children_system
    own = after.user + after.system - before.user - before.system
    assert receipt.encoder is not None
    # The encoder is one of this process's children, of which the probe is the other; ticks are hundredths.
    assert 0.05 < receipt.encoder.cpu_seconds < of_programs + 0.05
    assert of_programs - 0.05 < receipt.job.cpu_seconds < of_programs + own + 0.05
    assert 0 < receipt.encoder.wall_seconds < receipt.job.wall_seconds


def test_a_clip_filmed_upright_says_how_it_is_turned(
    world: World, quick_bench: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    turned = tmp_path / "turned.mov"
    clips.write("-display_rotation", "90", "-i", clip("640x360", seconds=1), "-c", "copy", turned)
    found = receipt_of(world, quick_bench, turned).found
    assert found is not None
    assert (found.container, found.width, found.height, found.rotation) == ("qt", 640, 360, 90)


def test_an_anamorphic_clip_says_the_shape_of_its_pixels(world: World, quick_bench: WorkerContext, clip: Maker) -> None:
    found = receipt_of(world, quick_bench, clip("720x576", seconds=1, extra=("-vf", "setsar=64/45"))).found
    assert found is not None and found.pixel_shape == "64/45"


def test_a_video_that_was_refused_says_what_was_found(world: World, quick_bench: WorkerContext, clip: Maker) -> None:
    original = clip("320x240", seconds=0.2, sound=True)
    receipt = receipt_of(world, quick_bench, original)
    assert receipt.original == FileDigest(original.stat().st_size, sha256(original))
    assert receipt.found is not None
    assert (receipt.found.codec, receipt.found.width, receipt.found.sound) == ("h264", 320, True)
    assert (receipt.command, receipt.made, receipt.files, receipt.encoder) == (None, None, {}, None)
    assert receipt.job.cpu_seconds > 0


def test_sound_alone_is_found(world: World, quick_bench: WorkerContext, tmp_path: Path) -> None:
    clips.write("-f", "lavfi", "-i", "sine=duration=2", tmp_path / "sound.mp4")
    found = receipt_of(world, quick_bench, tmp_path / "sound.mp4").found
    assert found == SourceProperties(container="isom", streams=1, sound=True)


def test_of_a_file_that_is_no_video_only_its_bytes_are_known(
    world: World, quick_bench: WorkerContext, tmp_path: Path
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"\x00\x00\x00\x10not\x00 a video")
    receipt = receipt_of(world, quick_bench, tmp_path / "clip.mp4")
    assert receipt.original is not None and receipt.original.bytes == 16
    assert receipt.found is None


def test_a_brand_is_never_a_strangers_text(
    world: World, quick_bench: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    content = clip("320x240", seconds=1).read_bytes()
    for brand in (b"<b>\x00", b"\xff\xfe\x00\x01", b"\x1b[2J"):
        (tmp_path / "clip.mp4").write_bytes(content[:8] + brand + content[12:])
        found = receipt_of(world, quick_bench, tmp_path / "clip.mp4").found
        assert found is not None and found.container is None


def test_a_command_that_failed_made_nothing(world: World, bench: WorkerContext, clip: Maker, tmp_path: Path) -> None:
    content = bytearray(clip("320x240", seconds=2, extra=("-movflags", "+faststart")).read_bytes())
    start = content.index(b"mdat") + 4
    content[start:] = bytes(len(content) - start)
    (tmp_path / "clip.mp4").write_bytes(content)
    receipt = receipt_of(world, bench, tmp_path / "clip.mp4")
    assert receipt.command is not None and receipt.encoder is not None
    assert (receipt.made, receipt.files) == (None, {})


def test_a_file_that_is_gone_has_a_receipt_all_the_same(world: World, quick_bench: WorkerContext, clip: Maker) -> None:
    video_id = world.upload(clip("320x240", seconds=1))
    world.store.delete(world.video(video_id).original_url)
    process(quick_bench, video_id, never)
    assert world.receipt(video_id).receipt.original is None


def test_the_receipt_is_of_the_attempt_that_ended_the_work(
    world: World, quick_bench: WorkerContext, clip: Maker
) -> None:
    video_id = world.upload(clip("320x240", seconds=1))
    with world.engine.begin() as connection:
        first = claims.claim(connection, video_id, lease_seconds=60)
        assert isinstance(first, claims.Claim)
        began = connection.execute(text("SELECT started_at FROM task_results")).scalar_one()
    with world.engine.begin() as connection:
        claims.release(connection, first, detail="the worker was stopped")
        assert find_receipt(connection, video_id) is None
    process(quick_bench, video_id, never)
    dated = world.receipt(video_id)
    assert dated.attempt == 2
    assert dated.started_at > began


def test_an_attempt_that_was_overtaken_leaves_no_receipt(
    world: World, quick_bench: WorkerContext, hooked: HookedStore, clip: Maker
) -> None:
    video_id = world.upload(clip("320x240", seconds=1))

    def overtake() -> None:
        with world.engine.begin() as connection:
            connection.execute(text("UPDATE videos SET lease_until = now() - interval '1 second'"))
            claims.claim(connection, video_id, lease_seconds=60)

    hooked.when_stored = overtake
    process(WorkerContext(**{**vars(quick_bench), "store": hooked}), video_id, never)
    with world.engine.begin() as connection:
        assert find_receipt(connection, video_id) is None


@pytest.mark.parametrize("file", ["good", "refused"])
def test_nothing_in_it_tells_of_the_machine_or_of_others(
    world: World, quick_bench: WorkerContext, clip: Maker, tmp_path: Path, file: str
) -> None:
    neighbour = world.upload(clip("320x240", seconds=1))
    told = asdict(receipt_of(world, quick_bench, clip("640x360", seconds=1 if file == "good" else 0.2)))
    said = json.dumps(told)
    for secret in (str(tmp_path), str(Path.home()), str(Path(__file__).parents[4]), world.bucket, str(neighbour)):
        assert secret not in said
    assert re.findall(r'[" =:\']/\w', said) == []
