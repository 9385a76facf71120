"""GET /api/public/videos, POST .../vote and GET /api/user/votes."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from .people import People, PortalUser
from .site import PortalSite
from .videos import Videos


def vote(person: PortalUser, video_id: object) -> TestResponse:
    return person.post(f"/api/public/videos/{video_id}/vote")


def error_of(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None and answer.json["message"] == ""
    return answer.status_code, answer.json["error"]


def test_list_is_empty_without_public_videos(client: FlaskClient) -> None:
    answer = client.get("/api/public/videos")
    assert (answer.status_code, answer.json) == (200, [])


def test_public_video_has_all_fields(client: FlaskClient, people: People, videos: Videos) -> None:
    ana = people.new(first_name="Ana", last_name="Díaz", city="Cali")
    video_id = videos.published(ana)
    (video,) = client.get("/api/public/videos").json or []
    assert video.pop("uploaded_at").endswith("Z") and video.pop("processed_at").endswith("Z")
    assert video == {
        "id": str(video_id),
        "video_id": str(video_id),
        "user_id": ana.id,
        "title": "Triple doble",
        "original_filename": "play.mp4",
        "status": "processed",
        "votes": 0,
        "is_public": True,
        "user_first_name": "Ana",
        "user_last_name": "Díaz",
        "user_city": "Cali",
        "processed_url": f"/media/{video_id}/video.mp4",
        "poster_url": f"/media/{video_id}/poster.jpg",
        "preview_url": f"/media/{video_id}/preview.mp4",
    }


def test_only_public_processed_videos_are_listed(client: FlaskClient, people: People, videos: Videos) -> None:
    ana = people.new()
    videos.uploaded(ana, is_public=True)
    videos.processing(ana, is_public=True)
    videos.failed(ana, is_public=True)
    videos.processed(ana, is_public=False)
    assert client.get("/api/public/videos").json == []


def test_order_is_by_votes_then_latest_upload(client: FlaskClient, people: People, videos: Videos) -> None:
    ana = people.new()
    early, late, favourite = (videos.published(ana, day=day) for day in (2, 3, 1))
    videos.vote(favourite, people.new())
    listed = [video["video_id"] for video in client.get("/api/public/videos?limit=1&sort=title").json or []]
    assert listed == [str(favourite), str(late), str(early)]


def test_second_vote_returns_400(people: People, videos: Videos, client: FlaskClient) -> None:
    video_id = videos.published(people.new())
    eva = people.new()
    answer = vote(eva, video_id)
    assert (answer.status_code, answer.json) == (200, {"message": "Vote registered successfully"})
    assert error_of(vote(eva, video_id)) == (400, "You have already voted for this video")
    (video,) = client.get("/api/public/videos").json or []
    assert video["votes"] == 1


def test_vote_body_is_ignored(people: People, videos: Videos) -> None:
    eva = people.new()
    video_id = videos.published(people.new())
    answer = eva.post(f"/api/public/videos/{video_id}/vote", data=b"{no json", content_type="application/json")
    assert answer.status_code == 200


@pytest.mark.parametrize("video_id", ["7", "x" * 36, "%00", "00000000-0000-4000-8000-00000000000", "' OR 1=1 --"])
def test_malformed_video_id_returns_400(people: People, video_id: str) -> None:
    assert error_of(vote(people.new(), video_id)) == (400, "Invalid video ID format")


def test_unknown_video_returns_404(people: People) -> None:
    assert error_of(vote(people.new(), uuid.uuid4())) == (404, "Video not found or not available for voting")


@pytest.mark.asvs("2.3.1")
@pytest.mark.parametrize("state", ["uploaded", "processing", "failed"])
def test_vote_for_unprocessed_video_is_rejected(people: People, videos: Videos, state: str) -> None:
    ana, eva = people.new(), people.new()
    video_id = getattr(videos, state)(ana, is_public=True)
    assert error_of(vote(eva, video_id)) == (404, "Video not found or not available for voting")
    assert error_of(vote(ana, video_id)) == (400, "You cannot vote for your own video")


@pytest.mark.asvs("2.3.1")
def test_vote_for_private_video_is_rejected(people: People, videos: Videos) -> None:
    ana, eva = people.new(), people.new()
    video_id = videos.processed(ana, is_public=False)
    assert error_of(vote(eva, video_id)) == (404, "Video not found or not available for voting")
    assert error_of(vote(ana, video_id)) == (400, "You cannot vote for your own video")


@pytest.mark.asvs("2.3.1")
def test_vote_for_own_video_returns_400(people: People, videos: Videos) -> None:
    ana = people.new()
    assert error_of(vote(ana, videos.published(ana))) == (400, "You cannot vote for your own video")


def test_vote_for_deleted_video_is_rejected(people: People, videos: Videos) -> None:
    ana, eva = people.new(), people.new()
    video_id = videos.uploaded(ana)
    ana.delete(f"/api/videos/{video_id}")
    assert error_of(vote(ana, video_id)) == (400, "You cannot vote for your own video")
    assert error_of(vote(eva, video_id)) == (404, "Video not found or not available for voting")


@pytest.mark.asvs("2.3.4")
def test_200_concurrent_identical_votes_count_once(site: PortalSite) -> None:
    video_id, eva = site.videos.published(site.new_user()), site.new_user()

    def post_vote(_: int) -> int:
        path = f"{site.url}/api/public/videos/{video_id}/vote"
        return requests.post(path, headers=dict(eva.headers), timeout=120).status_code

    with ThreadPoolExecutor(64) as threads:
        statuses = sorted(threads.map(post_vote, range(200)))
    assert statuses == [200] + [400] * 199
    with site.engine.connect() as connection:
        count = text("SELECT count(*) FROM votes WHERE video_id = :id")
        assert connection.execute(count, {"id": video_id}).scalar_one() == 1
    public = requests.get(f"{site.url}/api/public/videos", timeout=60).json()
    assert [video["votes"] for video in public if video["video_id"] == str(video_id)] == [1]


def test_user_votes_list_own_votes_only(people: People, videos: Videos) -> None:
    ana, eva = people.new(), people.new()
    assert eva.get("/api/user/votes").json == []
    first, second = videos.published(ana), videos.published(ana)
    vote(eva, first)
    vote(eva, second)
    assert set(eva.get("/api/user/votes").json or []) == {str(first), str(second)}
    assert ana.get("/api/user/votes").json == []
