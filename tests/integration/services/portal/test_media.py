"""GET /media/{id}/video.mp4, poster.jpg and preview.mp4: redirects to the bucket for authorized viewers."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner

from emulator import aws
from services.shared.storage import poster_key, preview_key, processed_key

from .people import People
from .videos import Videos

NAMES = ("video.mp4", "poster.jpg", "preview.mp4")
UNKNOWN = (404, {"message": "", "error": "Video not found"})


def statuses(client: FlaskClient, video_id: object, **arguments: object) -> set[int]:
    return {client.get(f"/media/{video_id}/{name}", **arguments).status_code for name in NAMES}  # type: ignore[arg-type]


def test_published_video_is_public(
    client: FlaskClient, people: People, videos: Videos, media_bucket: str, aws_port: int
) -> None:
    video_id = videos.published(people.new())
    s3 = aws.client("s3", aws_port)
    s3.put_object(Bucket=media_bucket, Key=processed_key(video_id, 1), Body=b"the video")
    s3.put_object(Bucket=media_bucket, Key=poster_key(video_id, 1), Body=b"the poster")
    s3.put_object(Bucket=media_bucket, Key=preview_key(video_id, 1), Body=b"the preview")
    for name, content in zip(NAMES, (b"the video", b"the poster", b"the preview"), strict=True):
        answer = client.get(f"/media/{video_id}/{name}")
        assert answer.status_code == 302
        assert answer.headers["Cache-Control"] == "private, max-age=60"
        assert requests.get(answer.location, timeout=30).content == content


def test_link_is_stable_so_that_browsers_can_cache(client: FlaskClient, people: People, videos: Videos) -> None:
    path = f"/media/{videos.published(people.new())}/video.mp4"
    assert len({client.get(path).location for _ in range(5)}) <= 2


def test_private_video_is_visible_to_its_owner_only(client: FlaskClient, people: People, videos: Videos) -> None:
    ana, eva = people.new(), people.new()
    video_id = videos.processed(ana, is_public=False)
    browser, _ = people.browser(ana)
    assert statuses(client, video_id) == {404}
    assert statuses(client, video_id, headers=eva.headers) == {404}
    assert statuses(client, video_id, headers=ana.headers) == {302}
    assert statuses(browser, video_id) == {302}


def test_owners_urls_work_without_authorization_header(client: FlaskClient, people: People, videos: Videos) -> None:
    ana = people.new()
    video = ana.get(f"/api/videos/{videos.processed(ana, is_public=False)}").json
    assert video is not None
    assert client.get(video["processed_url"]).status_code == 302
    assert client.get(video["poster_url"]).status_code == 302
    assert client.get(video["preview_url"]).status_code == 302


def test_key_is_valid_for_one_video_only(client: FlaskClient, people: People, videos: Videos) -> None:
    ana = people.new()
    first, second = (videos.processed(ana, is_public=False) for _ in range(2))
    video = ana.get(f"/api/videos/{first}").json
    assert video is not None
    key = video["processed_url"].split("?key=")[1]
    assert statuses(client, second, query_string={"key": key}) == {404}


def test_key_expires_after_an_hour(
    client: FlaskClient, people: People, videos: Videos, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = people.new()
    video_id = videos.processed(ana, is_public=False)
    now = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda signer: now(signer) - 3601)
    video = ana.get(f"/api/videos/{video_id}").json
    monkeypatch.undo()
    assert video is not None
    assert client.get(video["processed_url"]).status_code == 404


@pytest.mark.parametrize("key", ["x", "a.b.c", "%00", "é"])
def test_malformed_key_returns_404(client: FlaskClient, people: People, videos: Videos, key: str) -> None:
    video_id = videos.processed(people.new(), is_public=False)
    assert statuses(client, f"{video_id}", query_string=f"key={key}") == {404}


@pytest.mark.parametrize("state", ["uploaded", "processing", "failed"])
def test_unprocessed_video_has_no_media(people: People, videos: Videos, state: str) -> None:
    ana = people.new()
    video_id = getattr(videos, state)(ana, is_public=True)
    assert statuses(ana.client, video_id, headers=ana.headers) == {404}


@pytest.mark.parametrize("video_id", ["7", "00000000-0000-4000-8000-000000000000", "..%2f..", "x" * 500])
def test_unknown_video_returns_404(client: FlaskClient, video_id: str) -> None:
    assert statuses(client, video_id) == {404}


def test_deleted_video_returns_404(people: People, videos: Videos) -> None:
    ana = people.new()
    video_id = videos.processed(ana, is_public=False)
    ana.delete(f"/api/videos/{video_id}")
    assert statuses(ana.client, video_id, headers=ana.headers) == {404}


def test_invalid_token_still_sees_public_media(client: FlaskClient, people: People, videos: Videos) -> None:
    assert statuses(client, videos.published(people.new()), headers={"Authorization": "Bearer x"}) == {302}


def test_links_are_signed_without_contacting_s3(app_without: Callable[[str], Flask], videos: Videos) -> None:
    app = app_without("s3")
    video_id = videos.published(People(app).new())
    assert statuses(app.test_client(), video_id) == {302}
    assert app.test_client().get(f"/media/{uuid.uuid4()}/video.mp4").status_code == 404
