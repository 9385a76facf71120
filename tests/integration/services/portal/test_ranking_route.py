"""GET /api/public/rankings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from .people import People, PortalUser
from .videos import Videos

RANKING = "/api/public/rankings"


@pytest.fixture
def voters(people: People) -> list[PortalUser]:
    return [people.new(city="Pasto") for _ in range(3)]


def titles(client: FlaskClient, **query: Any) -> list[str]:
    answer = client.get(RANKING, query_string=query)
    assert answer.status_code == 200, answer.text
    return [row["title"] for row in answer.json or []]


def with_votes(videos: Videos, owner: PortalUser, title: str, voters: list[PortalUser], day: int = 1) -> UUID:
    video_id = videos.published(owner, title=title, day=day)
    videos.vote(video_id, *voters)
    return video_id


def test_ranking_is_empty_without_votes(client: FlaskClient) -> None:
    answer = client.get(RANKING)
    assert (answer.status_code, answer.json) == (200, [])


def test_row_has_all_fields(client: FlaskClient, people: People, videos: Videos, voters: list[PortalUser]) -> None:
    ana = people.new(first_name="Ana", last_name="Díaz", city="Cali")
    video_id = with_votes(videos, ana, "Triple doble", voters)
    assert client.get(RANKING).json == [
        {
            "position": 1,
            "video_id": str(video_id),
            "username": "Ana Díaz",
            "title": "Triple doble",
            "city": "Cali",
            "votes": 3,
            "change": None,
            "video_url": f"/media/{video_id}/video.mp4",
            "poster_url": f"/media/{video_id}/poster.jpg",
            "preview_url": f"/media/{video_id}/preview.mp4",
        }
    ]


def test_unchanged_ranking_returns_304(
    client: FlaskClient, people: People, videos: Videos, voters: list[PortalUser]
) -> None:
    video_id = with_votes(videos, people.new(), "Triple doble", voters[:1])
    first = client.get(RANKING)
    again = client.get(RANKING, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.cache_control.no_cache) == (304, b"", True)
    videos.vote(video_id, voters[1])
    assert client.get(RANKING, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_order_is_by_votes_then_earlier_upload(
    client: FlaskClient, people: People, videos: Videos, voters: list[PortalUser]
) -> None:
    ana = people.new()
    with_votes(videos, ana, "later", voters[:1], day=2)
    with_votes(videos, ana, "earlier", voters[:1], day=1)
    with_votes(videos, ana, "favourite", voters, day=3)
    assert titles(client) == ["favourite", "earlier", "later"]


def test_videos_without_votes_are_omitted(client: FlaskClient, people: People, videos: Videos) -> None:
    videos.published(people.new())
    assert titles(client) == []


def test_positions_continue_over_pages(
    client: FlaskClient, people: People, videos: Videos, voters: list[PortalUser]
) -> None:
    ana = people.new()
    for day in range(1, 6):
        with_votes(videos, ana, f"video {day}", voters[:1], day=day)
    assert titles(client, page=2, limit=2) == ["video 3", "video 4"]
    answer = client.get(RANKING, query_string={"page": 3, "limit": 2}).json
    assert answer is not None and [row["position"] for row in answer] == [5]
    assert titles(client, page=4, limit=2) == []


@pytest.mark.parametrize(
    "query", [{"page": 0}, {"page": -7}, {"limit": 0}, {"limit": 101}, {"limit": -1}, {"page": ""}]
)
def test_page_and_limit_out_of_range_are_clamped(
    client: FlaskClient, people: People, videos: Videos, voters: list[PortalUser], query: dict[str, Any]
) -> None:
    with_votes(videos, people.new(), "Triple doble", voters)
    assert titles(client, **query) == ["Triple doble"]


def test_page_beyond_the_end_is_empty(client: FlaskClient) -> None:
    assert titles(client, page=10**18 - 1, limit=100) == []


@pytest.mark.parametrize("name", ["page", "limit"])
@pytest.mark.parametrize("value", ["abc", "1.5", "1e3", "0x1", "١", "1 OR 1=1", "\0", "9" * 30])
def test_non_numeric_page_or_limit_returns_400(client: FlaskClient, name: str, value: str) -> None:
    answer = client.get(RANKING, query_string={name: value})
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": f"Invalid {name} parameter"})


def test_city_filter_matches_substrings_in_any_case(
    client: FlaskClient, people: People, videos: Videos, voters: list[PortalUser]
) -> None:
    with_votes(videos, people.new(city="Bogotá"), "bogotá", voters)
    with_votes(videos, people.new(city="Cali"), "cali", voters[:1])
    assert titles(client, city="bogotá") == titles(client, city="BOGOT") == titles(client, city="gotÁ") == ["bogotá"]
    assert titles(client, city="") == ["bogotá", "cali"]
    assert titles(client, city="Quito") == []


def test_positions_count_within_the_filtered_city(
    client: FlaskClient, people: People, videos: Videos, voters: list[PortalUser]
) -> None:
    with_votes(videos, people.new(city="Bogotá"), "bogotá", voters)
    with_votes(videos, people.new(city="Cali"), "cali", voters[:1])
    answer = client.get(RANKING, query_string={"city": "cali"}).json
    assert answer is not None and [(row["title"], row["position"]) for row in answer] == [("cali", 1)]


@pytest.mark.parametrize("pattern", ["%", "_", "C%i", "C__i", "\\", "'", "'; DROP TABLE users; --", "\ufffd"])
def test_city_filter_has_no_wildcards(
    client: FlaskClient, people: People, videos: Videos, voters: list[PortalUser], pattern: str
) -> None:
    with_votes(videos, people.new(city="Cali"), "cali", voters)
    assert titles(client, city=pattern) == []


def test_city_with_wildcard_characters_is_found(
    client: FlaskClient, people: People, videos: Videos, voters: list[PortalUser]
) -> None:
    with_votes(videos, people.new(city="100%_sur"), "sur", voters)
    assert titles(client, city="0%_S") == ["sur"]


def test_nul_in_city_returns_400(client: FlaskClient) -> None:
    answer = client.get(f"{RANKING}?city=%00")
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Invalid city parameter"})
    assert client.get(f"{RANKING}?city=%ff%fe").status_code == 200
