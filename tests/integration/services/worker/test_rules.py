"""The contest's rules for clips, and that nobody is held to them unless the operator says so."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from world import World

from services.videos.failures import FailureReason
from services.worker.colours import Colours
from services.worker.errors import InvalidMedia
from services.worker.job import WorkerContext, process
from services.worker.media import VideoStream
from services.worker.rules import check_rules


def picture(*, width: int = 1920, height: int = 1080, seconds: float | None = 30) -> VideoStream:
    return VideoStream(0, "h264", width, height, Fraction(30), seconds, "yuv420p", Colours(1, 1, 1))


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (3840, 2160), (1440, 1080)])
@pytest.mark.parametrize("seconds", [19.97, 20, 60, 60.04])
def test_a_clip_within_the_rules_passes(size: tuple[int, int], seconds: float) -> None:
    check_rules(picture(width=size[0], height=size[1], seconds=seconds))


@pytest.mark.parametrize("seconds", [0.5, 19.4, 60.6, 3600, None])
def test_a_clip_of_another_length_is_refused(seconds: float | None) -> None:
    with pytest.raises(InvalidMedia, match="s; allowed are 20 s to 60 s") as refused:
        check_rules(picture(seconds=seconds))
    assert refused.value.reason is FailureReason.WRONG_LENGTH


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1079), (720, 1280), (1079, 4000)])
def test_a_picture_below_1080p_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidMedia, match="allowed are 1080 pixels or more on the shorter side") as refused:
        check_rules(picture(width=size[0], height=size[1]))
    assert refused.value.reason is FailureReason.BELOW_1080P


def test_the_rules_hold_where_they_are_enforced_and_nowhere_else(
    world: World, quick_bench: WorkerContext, clip: Callable[..., Path]
) -> None:
    enforced, free = (world.upload(clip("320x240", seconds=1)) for _ in range(2))
    process(dataclasses.replace(quick_bench, enforce_rules=True), enforced, threading.Event())
    process(quick_bench, free, threading.Event())
    assert (world.video(enforced).status, world.video(enforced).failure_reason) == ("failed", "below_1080p")
    assert world.video(free).status == "processed"
