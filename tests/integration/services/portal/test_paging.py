"""Paging with cursors in the Link header, beside the contract's page and limit parameters."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from .people import People
from .videos import Videos

RANKING, GALLERY = "/api/public/rankings", "/api/public/videos"


@pytest.fixture
def seven_videos(people: People, videos: Videos) -> list[UUID]:
    """Seven videos of two cities; the first has the most votes."""
    cali, pasto = people.new(city="Cali"), people.new(city="Pasto")
    video_ids = [videos.published((cali, pasto)[day % 2], day=day) for day in range(1, 8)]
    voters = [people.new() for _ in range(3)]
    for number, video_id in enumerate(video_ids):
        videos.vote(video_id, *voters[: max(1, 3 - number)])
    return video_ids


def fetch_all_pages(client: FlaskClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return all rows of a list, following the Link headers."""
    rows: list[dict[str, Any]] = []
    answer = client.get(path, query_string=query)
    while True:
        assert answer.status_code == 200, answer.text
        rows += answer.json or []
        link = answer.headers.get("Link")
        if link is None:
            return rows
        target, relation = link.split("; ")
        assert relation == 'rel="next"' and target.startswith("</") and target.endswith(">")
        answer = client.get(target[1:-1])


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_ranking_pages_of_any_size_are_complete_and_ordered(
    client: FlaskClient, seven_videos: list[UUID], limit: int
) -> None:
    rows = fetch_all_pages(client, RANKING, limit=limit)
    assert [row["position"] for row in rows] == list(range(1, 8))
    assert [row["video_id"] for row in rows] == [str(video_id) for video_id in seven_videos]


@pytest.mark.parametrize("limit", [1, 3, 500])
def test_gallery_pages_of_any_size_are_complete_and_ordered(
    client: FlaskClient, seven_videos: list[UUID], limit: int
) -> None:
    rows = fetch_all_pages(client, GALLERY, per_page=limit)
    expected = [*seven_videos[:2], *reversed(seven_videos[2:])]
    assert [row["id"] for row in rows] == [str(video_id) for video_id in expected]


def test_next_pages_keep_the_city_filter(client: FlaskClient, seven_videos: list[UUID]) -> None:
    for path in (RANKING, GALLERY):
        rows = fetch_all_pages(client, path, limit=1, per_page=1, city="pas")
        assert {row.get("city") or row.get("user_city") for row in rows} == {"Pasto"}
        assert len(rows) == 4


def test_page_and_limit_apply_without_a_cursor(client: FlaskClient, seven_videos: list[UUID]) -> None:
    answer = client.get(RANKING, query_string={"page": 2, "limit": 3})
    assert [row["position"] for row in answer.json or []] == [4, 5, 6]


def encode_cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


A_UUID = "00000000-0000-4000-8000-000000000000"
MOMENT = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "ñ",
        "\0",
        "AAAA",
        encode_cursor(None),
        encode_cursor([]),
        encode_cursor([1, 2, 3, 4]),
        encode_cursor([0, 1, MOMENT]),
        encode_cursor([0, 1, "2026-01-01T00:00:00", A_UUID]),
        encode_cursor([0, 1, MOMENT, "no uuid"]),
        encode_cursor([0, 2**40, MOMENT, A_UUID]),
        encode_cursor([-1, 1, MOMENT, A_UUID]),
        encode_cursor([0, "1", MOMENT, A_UUID]),
        encode_cursor([0, 1, "9999-99-99", A_UUID]),
        encode_cursor([0, 1, 5, A_UUID]),
        encode_cursor([[[[]]]] * 50),
    ],
)
def test_invalid_cursor_returns_400(client: FlaskClient, cursor: str) -> None:
    for path in (RANKING, GALLERY):
        answer = client.get(path, query_string={"cursor": cursor})
        assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Invalid cursor parameter"})


def test_cursor_at_the_limits_of_time_returns_200(client: FlaskClient, seven_videos: list[UUID]) -> None:
    for moment in ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"):
        answer = client.get(GALLERY, query_string={"cursor": encode_cursor([0, 1, moment, A_UUID])})
        assert answer.status_code == 200, answer.text
