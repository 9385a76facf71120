"""GET /api/videos/{id}/receipt: how a player's own video was processed."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from services.shared.storage import original_key

from .people import People
from .videos import Videos

NOT_OWNER = (403, {"message": "", "error": "You do not have permission to access this video"})
UNKNOWN = (404, {"message": "", "error": "Video not found"})
NO_RECEIPT = (404, {"message": "", "error": "Video has no receipt"})


def test_processed_video_has_a_receipt(people: People, videos: Videos) -> None:
    ana = people.new()
    video_id = videos.published(ana)
    answer = ana.get(f"/api/videos/{video_id}/receipt")
    assert answer.status_code == 200 and answer.json is not None
    receipt = answer.json
    started, finished = receipt.pop("started_at"), receipt.pop("finished_at")
    assert datetime.fromisoformat(started) <= datetime.fromisoformat(finished)
    assert receipt == {
        "video_id": str(video_id),
        "status": "processed",
        "failure_reason": None,
        "attempt": 1,
        "release": "1.2.3",
        "ffmpeg": "ffmpeg version 9.0.2",
        "original": {"bytes": 48_211_937, "sha256": "a" * 64},
        "found": {
            "container": "qt",
            "streams": 3,
            "sound": True,
            "codec": "hevc",
            "width": 1920,
            "height": 1080,
            "rotation": -90,
            "pixel_shape": "1",
            "pixel_format": "yuv420p",
            "frame_rate": "30000/1001",
            "seconds": 42.4,
        },
        "command": ["ffmpeg", "-i", "in.mp4", "out.mp4"],
        "made": {"width": 1280, "height": 720, "frame_rate": "30000/1001", "kept_seconds": 30},
        "files": {
            "video": {"bytes": 4_621_337, "sha256": "b" * 64},
            "poster": {"bytes": 61_337, "sha256": "c" * 64},
        },
        "job": {"wall_seconds": 9.25, "cpu_seconds": 14.5},
        "encoder": {"wall_seconds": 8.5, "cpu_seconds": 14.0},
    }


def test_failed_video_has_a_receipt_with_reason(people: People, videos: Videos) -> None:
    ana = people.new()
    video_id = videos.failed(ana)
    answer = ana.get(f"/api/videos/{video_id}/receipt")
    assert answer.json is not None
    assert (answer.json["status"], answer.json["failure_reason"]) == ("failed", "not_a_video")
    assert answer.json["original"] == {"bytes": 31, "sha256": "d" * 64}
    assert [answer.json[part] for part in ("found", "command", "made", "encoder")] == [None] * 4
    # Details for operators are not shown to players.
    assert "no video stream" not in answer.text and original_key(video_id) not in answer.text


@pytest.mark.parametrize("state", ["uploaded", "processing"])
def test_unprocessed_video_has_no_receipt(people: People, videos: Videos, state: str) -> None:
    ana = people.new()
    answer = ana.get(f"/api/videos/{getattr(videos, state)(ana)}/receipt")
    assert (answer.status_code, answer.json) == NO_RECEIPT


def test_video_of_a_release_without_receipts_has_none(people: People, videos: Videos, engine: Engine) -> None:
    ana = people.new()
    video_id = videos.published(ana)
    with engine.begin() as connection:
        connection.execute(text("UPDATE task_results SET receipt = NULL, started_at = NULL"))
    answer = ana.get(f"/api/videos/{video_id}/receipt")
    assert (answer.status_code, answer.json) == NO_RECEIPT


def test_unknown_fields_of_a_later_release_are_ignored(people: People, videos: Videos, engine: Engine) -> None:
    ana = people.new()
    video_id = videos.published(ana)
    before = ana.get(f"/api/videos/{video_id}/receipt").json
    more = '{"colour": {"space": "bt709"}}'
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE task_results SET receipt = jsonb_set(receipt || :more, '{found,colour}', '1')"), {"more": more}
        )
    assert ana.get(f"/api/videos/{video_id}/receipt").json == before


@pytest.mark.parametrize("state", ["uploaded", "failed", "published"])
def test_receipt_of_another_user_returns_403(people: People, videos: Videos, state: str) -> None:
    video_id = getattr(videos, state)(people.new())
    answer = people.new().get(f"/api/videos/{video_id}/receipt")
    assert (answer.status_code, answer.json) == NOT_OWNER


@pytest.mark.parametrize("video_id", ["00000000-0000-4000-8000-000000000000", "7", "x" * 1000, "%00", "é"])
def test_unknown_video_returns_404(people: People, video_id: str) -> None:
    answer = people.new().get(f"/api/videos/{video_id}/receipt")
    assert (answer.status_code, answer.json) == UNKNOWN


def test_deleting_a_video_deletes_its_receipt(people: People, videos: Videos, engine: Engine) -> None:
    ana = people.new()
    video_id = videos.failed(ana)
    ana.delete(f"/api/videos/{video_id}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(receipt) FROM task_results")).scalar_one() == 0
