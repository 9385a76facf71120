"""Contest rules for clips: enforced only if configured."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from world import WorkerWorld

from services.videos.failures import FailureReason
from services.worker.colours import Colours
from services.worker.errors import InvalidMedia
from services.worker.job import WorkerContext, process
from services.worker.media import VideoStream
from services.worker.probe import check_contest_rules


def video_stream(*, width: int = 1920, height: int = 1080, seconds: float | None = 30) -> VideoStream:
    return VideoStream(0, "h264", width, height, Fraction(30), seconds, "yuv420p", Colours(1, 1, 1))


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (3840, 2160), (1440, 1080)])
@pytest.mark.parametrize("seconds", [19.97, 20, 60, 60.04])
def test_clip_within_rules_passes(size: tuple[int, int], seconds: float) -> None:
    check_contest_rules(video_stream(width=size[0], height=size[1], seconds=seconds))


@pytest.mark.parametrize("seconds", [0.5, 19.4, 60.6, 3600, None])
def test_clip_of_wrong_length_is_refused(seconds: float | None) -> None:
    with pytest.raises(InvalidMedia, match="s; must be between 20 s and 60 s") as refused:
        check_contest_rules(video_stream(seconds=seconds))
    assert refused.value.reason is FailureReason.WRONG_LENGTH


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1079), (720, 1280), (1079, 4000)])
def test_clip_below_1080p_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidMedia, match="the shorter side must be at least 1080 pixels") as refused:
        check_contest_rules(video_stream(width=size[0], height=size[1]))
    assert refused.value.reason is FailureReason.BELOW_1080P


def test_rules_apply_only_if_enforced(
    world: WorkerWorld, fast_context: WorkerContext, clip: Callable[..., Path]
) -> None:
    enforced, unchecked = (world.upload(clip("320x240", seconds=1)) for _ in range(2))
    process(dataclasses.replace(fast_context, enforce_rules=True), enforced, threading.Event())
    process(fast_context, unchecked, threading.Event())
    assert (world.video(enforced).status, world.video(enforced).failure_reason) == ("failed", "below_1080p")
    assert world.video(unchecked).status == "processed"
