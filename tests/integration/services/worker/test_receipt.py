"""Receipts of videos: input, command, outputs and resource usage."""

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
from world import HookedStore, WorkerWorld

from services.videos import claims
from services.videos.receipts import FileDigest, Receipt, ReceiptOutputs, SourceProperties, find_receipt
from services.worker.job import WorkerContext, process
from services.worker.toolchain import find_ffmpeg

Maker = Callable[..., Path]
not_interrupted = threading.Event()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def receipt_of(world: WorkerWorld, context: WorkerContext, path: Path) -> Receipt:
    video_id = world.upload(path)
    process(context, video_id, not_interrupted)
    return world.receipt(video_id).receipt


def test_processed_video_has_complete_receipt(
    world: WorkerWorld, context: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    original = clip("1080x1920", seconds=3, rate="24", sound=True, source="color=red")
    video_id = world.upload(original)
    process(
        dataclasses.replace(context, encode_settings=dataclasses.replace(context.encode_settings, max_seconds=2)),
        video_id,
        not_interrupted,
    )
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


def test_command_in_receipt_has_no_folders(world: WorkerWorld, fast_context: WorkerContext, clip: Maker) -> None:
    command = receipt_of(world, fast_context, clip("320x240", seconds=1)).command
    assert command is not None
    assert command[0] == fast_context.encode_settings.ffmpeg.name == "ffmpeg"
    assert [part for part in command if part.startswith("/")] == []
    assert [part for part in command if part.endswith((".mp4", ".png", ".jpg"))] == [
        "bumper.png", "in.mp4", "watermark.png", "out.mp4", "poster.jpg", "preview.mp4",
    ]  # fmt: skip
    graph = command[command.index("-filter_complex") + 1]
    assert "scale" in graph and "overlay" in graph


def test_cpu_seconds_match_kernel_accounting(world: WorkerWorld, context: WorkerContext, clip: Maker) -> None:
    original = clip("640x360", seconds=4, source="testsrc2")
    before = os.times()
    receipt = receipt_of(world, context, original)
    after = os.times()
    children_cpu = after.children_user + after.children_system - before.children_user - before.children_system
    own_cpu = after.user + after.system - before.user - before.system
    assert receipt.encoder is not None
    # The children of this process are the encoder and the probe; clock ticks are 10 ms.
    assert 0.05 < receipt.encoder.cpu_seconds < children_cpu + 0.05
    assert children_cpu - 0.05 < receipt.job.cpu_seconds < children_cpu + own_cpu + 0.05
    assert 0 < receipt.encoder.wall_seconds < receipt.job.wall_seconds


def test_receipt_has_rotation_of_portrait_clip(
    world: WorkerWorld, fast_context: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    turned = tmp_path / "turned.mov"
    clips.write_cached("-display_rotation", "90", "-i", clip("640x360", seconds=1), "-c", "copy", turned)
    found = receipt_of(world, fast_context, turned).found
    assert found is not None
    assert (found.container, found.width, found.height, found.rotation) == ("qt", 640, 360, 90)


def test_receipt_has_pixel_shape_of_anamorphic_clip(
    world: WorkerWorld, fast_context: WorkerContext, clip: Maker
) -> None:
    found = receipt_of(world, fast_context, clip("720x576", seconds=1, extra=("-vf", "setsar=64/45"))).found
    assert found is not None and found.pixel_shape == "64/45"


def test_refused_video_has_receipt_of_its_content(world: WorkerWorld, fast_context: WorkerContext, clip: Maker) -> None:
    original = clip("320x240", seconds=0.2, sound=True)
    receipt = receipt_of(world, fast_context, original)
    assert receipt.original == FileDigest(original.stat().st_size, sha256(original))
    assert receipt.found is not None
    assert (receipt.found.codec, receipt.found.width, receipt.found.sound) == ("h264", 320, True)
    assert (receipt.command, receipt.made, receipt.files, receipt.encoder) == (None, None, {}, None)
    assert receipt.job.cpu_seconds > 0


def test_sound_only_file_has_receipt(world: WorkerWorld, fast_context: WorkerContext, tmp_path: Path) -> None:
    clips.write_cached("-f", "lavfi", "-i", "sine=duration=2", tmp_path / "sound.mp4")
    found = receipt_of(world, fast_context, tmp_path / "sound.mp4").found
    assert found == SourceProperties(container="isom", streams=1, sound=True)


def test_receipt_of_other_file_has_only_size_and_hash(
    world: WorkerWorld, fast_context: WorkerContext, tmp_path: Path
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"\x00\x00\x00\x10not\x00 a video")
    receipt = receipt_of(world, fast_context, tmp_path / "clip.mp4")
    assert receipt.original is not None and receipt.original.bytes == 16
    assert receipt.found is None


def test_unprintable_brand_is_left_out(
    world: WorkerWorld, fast_context: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    content = clip("320x240", seconds=1).read_bytes()
    for brand in (b"<b>\x00", b"\xff\xfe\x00\x01", b"\x1b[2J"):
        (tmp_path / "clip.mp4").write_bytes(content[:8] + brand + content[12:])
        found = receipt_of(world, fast_context, tmp_path / "clip.mp4").found
        assert found is not None and found.container is None


def test_failed_command_has_no_outputs(world: WorkerWorld, context: WorkerContext, clip: Maker, tmp_path: Path) -> None:
    content = bytearray(clip("320x240", seconds=2, extra=("-movflags", "+faststart")).read_bytes())
    start = content.index(b"mdat") + 4
    content[start:] = bytes(len(content) - start)
    (tmp_path / "clip.mp4").write_bytes(content)
    receipt = receipt_of(world, context, tmp_path / "clip.mp4")
    assert receipt.command is not None and receipt.encoder is not None
    assert (receipt.made, receipt.files) == (None, {})


def test_missing_file_has_receipt(world: WorkerWorld, fast_context: WorkerContext, clip: Maker) -> None:
    video_id = world.upload(clip("320x240", seconds=1))
    world.store.delete(world.video(video_id).original_url)
    process(fast_context, video_id, not_interrupted)
    assert world.receipt(video_id).receipt.original is None


def test_receipt_belongs_to_final_attempt(world: WorkerWorld, fast_context: WorkerContext, clip: Maker) -> None:
    video_id = world.upload(clip("320x240", seconds=1))
    with world.engine.begin() as connection:
        first = claims.claim(connection, video_id, lease_seconds=60)
        assert isinstance(first, claims.Claim)
        first_started_at = connection.execute(text("SELECT started_at FROM task_results")).scalar_one()
    with world.engine.begin() as connection:
        claims.release(connection, first, detail="the worker was stopped")
        assert find_receipt(connection, video_id) is None
    process(fast_context, video_id, not_interrupted)
    dated = world.receipt(video_id)
    assert dated.attempt == 2
    assert dated.started_at > first_started_at


def test_superseded_attempt_leaves_no_receipt(
    world: WorkerWorld, fast_context: WorkerContext, hooked: HookedStore, clip: Maker
) -> None:
    video_id = world.upload(clip("320x240", seconds=1))

    def supersede() -> None:
        with world.engine.begin() as connection:
            connection.execute(text("UPDATE videos SET lease_until = now() - interval '1 second'"))
            claims.claim(connection, video_id, lease_seconds=60)

    hooked.when_stored = supersede
    process(WorkerContext(**{**vars(fast_context), "store": hooked}), video_id, not_interrupted)
    with world.engine.begin() as connection:
        assert find_receipt(connection, video_id) is None


@pytest.mark.parametrize("file", ["good", "refused"])
def test_receipt_has_no_data_of_machine_or_other_videos(
    world: WorkerWorld, fast_context: WorkerContext, clip: Maker, tmp_path: Path, file: str
) -> None:
    neighbour = world.upload(clip("320x240", seconds=1))
    receipt = asdict(receipt_of(world, fast_context, clip("640x360", seconds=1 if file == "good" else 0.2)))
    serialized = json.dumps(receipt)
    for secret in (str(tmp_path), str(Path.home()), str(Path(__file__).parents[4]), world.bucket, str(neighbour)):
        assert secret not in serialized
    assert re.findall(r'[" =:\']/\w', serialized) == []
