"""GET /api/videos, GET and DELETE /api/videos/{id}: a player's own videos."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from emulator import aws
from services.shared.storage import original_key, processed_key

from .people import People
from .videos import Videos

NOT_OWNER = (403, {"message": "", "error": "You do not have permission to access this video"})
UNKNOWN = (404, {"message": "", "error": "Video not found"})


def test_new_user_has_no_videos(people: People) -> None:
    answer = people.new().get("/api/videos")
    assert (answer.status_code, answer.json) == (200, [])


def test_list_holds_own_videos_latest_first(people: People, videos: Videos) -> None:
    ana, eva = people.new(), people.new()
    first, second = videos.uploaded(ana), videos.uploaded(ana)
    videos.published(eva)
    listed = ana.get("/api/videos").json
    assert listed is not None
    assert [video["video_id"] for video in listed] == [str(second), str(first)]
    assert {video["user_id"] for video in listed} == {ana.id}


def test_uploaded_video_has_all_fields(people: People, videos: Videos) -> None:
    ana = people.new()
    video_id = videos.uploaded(ana)
    video = ana.get(f"/api/videos/{video_id}").json
    assert video is not None
    uploaded_at = video.pop("uploaded_at")
    assert uploaded_at.endswith("Z") and len(uploaded_at) == len("2026-01-01T00:00:00.000000Z")
    assert video == {
        "video_id": str(video_id),
        "user_id": ana.id,
        "title": "Triple doble",
        "original_filename": "play.mp4",
        "original_url": original_key(video_id),
        "status": "uploaded",
        "progress": 0,
        "votes": 0,
        "is_public": False,
        "hidden": False,
    }


def test_processed_video_has_media_urls_on_this_host(people: People, videos: Videos) -> None:
    ana = people.new()
    video_id = videos.published(ana)
    video = ana.get(f"/api/videos/{video_id}").json
    assert video is not None
    assert (video["status"], video["progress"]) == ("processed", 100)
    assert video["processed_url"] == f"/media/{video_id}/video.mp4"
    assert video["poster_url"] == f"/media/{video_id}/poster.jpg"
    assert video["preview_url"] == f"/media/{video_id}/preview.mp4"
    assert video["processed_at"].endswith("Z")


def test_failed_video_has_a_reason_without_details(people: People, videos: Videos) -> None:
    ana = people.new()
    video = ana.get(f"/api/videos/{videos.failed(ana)}").json
    assert video is not None
    assert (video["status"], video["failure_reason"]) == ("failed", "not_a_video")
    assert "no video stream" not in str(video)


def test_votes_are_exact_before_they_are_rolled_up(people: People, videos: Videos) -> None:
    ana = people.new()
    video_id = videos.published(ana)
    videos.vote(video_id, people.new(), people.new())
    video = ana.get(f"/api/videos/{video_id}").json
    assert video is not None and video["votes"] == 2


def test_video_of_another_user_returns_403(people: People, videos: Videos) -> None:
    video_id = videos.published(people.new())
    answer = people.new().get(f"/api/videos/{video_id}")
    assert (answer.status_code, answer.json) == NOT_OWNER


@pytest.mark.parametrize(
    "video_id", ["00000000-0000-4000-8000-000000000000", "7", "upload", "x" * 1000, "%00", "' OR 1=1", "é"]
)
def test_unknown_video_returns_404(people: People, video_id: str) -> None:
    ana = people.new()
    for answer in (ana.get(f"/api/videos/{video_id}"), ana.delete(f"/api/videos/{video_id}")):
        assert (answer.status_code, answer.json) == UNKNOWN


@pytest.mark.parametrize("state", ["uploaded", "processing", "failed"])
@pytest.mark.parametrize("is_public", [True, False])
def test_unpublished_video_can_be_deleted(people: People, videos: Videos, state: str, is_public: bool) -> None:
    ana = people.new()
    video_id = getattr(videos, state)(ana, is_public=is_public)
    answer = ana.delete(f"/api/videos/{video_id}")
    assert answer.status_code == 200
    assert answer.json == {"message": "El video ha sido eliminado exitosamente.", "video_id": str(video_id)}
    assert ana.get(f"/api/videos/{video_id}").status_code == 404
    assert ana.get("/api/videos").json == []


def test_private_processed_video_can_be_deleted(people: People, videos: Videos) -> None:
    ana = people.new()
    assert ana.delete(f"/api/videos/{videos.processed(ana, is_public=False)}").status_code == 200


def test_published_video_cannot_be_deleted(people: People, videos: Videos) -> None:
    ana = people.new()
    video_id = videos.published(ana)
    answer = ana.delete(f"/api/videos/{video_id}")
    expected = {"message": "", "error": "Video is published for voting and cannot be deleted"}
    assert (answer.status_code, answer.json) == (400, expected)
    assert ana.get(f"/api/videos/{video_id}").status_code == 200


def test_deleting_another_users_video_returns_403(people: People, videos: Videos) -> None:
    ana = people.new()
    video_id = videos.uploaded(ana)
    answer = people.new().delete(f"/api/videos/{video_id}")
    assert (answer.status_code, answer.json) == NOT_OWNER
    assert ana.get(f"/api/videos/{video_id}").status_code == 200


def test_deleting_a_video_deletes_its_files(people: People, videos: Videos, media_bucket: str, aws_port: int) -> None:
    ana = people.new()
    video_id = videos.processed(ana, is_public=False)
    s3 = aws.client("s3", aws_port)
    for key in (original_key(video_id), processed_key(video_id, 1), "processed/of-another-video.mp4"):
        s3.put_object(Bucket=media_bucket, Key=key, Body=b"x")
    ana.delete(f"/api/videos/{video_id}")
    remaining = [item["Key"] for item in s3.list_objects_v2(Bucket=media_bucket)["Contents"]]
    assert remaining == ["processed/of-another-video.mp4"]


def test_video_is_deleted_while_s3_is_unreachable(
    app_without: Callable[[str], Flask], videos: Videos, engine: Engine
) -> None:
    ana = People(app_without("s3")).new()
    assert ana.delete(f"/api/videos/{videos.uploaded(ana)}").status_code == 200
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM videos")).scalar_one() == 0
