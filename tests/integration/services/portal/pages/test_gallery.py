"""The gallery page: filters by city and player, paging, and empty results."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from ..people import People
from ..videos import Videos


def player_names(page: str) -> list[str]:
    return re.findall(r'<h2 id="video-[^>]+><a [^>]+>([^<]+)</a>', page)


def test_gallery_filters_by_name_and_city(client: FlaskClient, people: People, videos: Videos) -> None:
    for day, (first, last, city) in enumerate(
        (("Ana", "Díaz", "Cali"), ("Anabel", "Ruiz", "Pasto"), ("Eva", "Díaz", "Pasto")), start=1
    ):
        videos.published(people.new(first_name=first, last_name=last, city=city), day=day)
    assert player_names(client.get("/gallery?player=ana").text) == ["Anabel Ruiz", "Ana Díaz"]
    assert player_names(client.get("/gallery?player=ana&city=Cali").text) == ["Ana Díaz"]
    assert player_names(client.get("/gallery?player=%20diaz%20%20eva&city=").text) == ["Eva Díaz"]
    page = client.get("/gallery?player=ana&city=Cali").text
    assert 'value="ana"' in page and "Jugadores de Cali llamados «ana»" in page
    assert re.search(r'<a href="/gallery\?city=Cali">Ver a todos</a>', page)


def test_next_page_keeps_name_and_city_filters(client: FlaskClient, people: People, videos: Videos) -> None:
    ana = people.new(first_name="Ana", city="Cali")
    for day in range(1, 26):
        videos.published(ana, title=f"Jugada {day}", day=day)
    first = client.get("/gallery?city=Cali&player=ana").text
    assert len(player_names(first)) == 24
    (next_path,) = re.findall(r'rel="next" href="([^"]+)"', first)
    assert "city=Cali" in next_path and "player=ana" in next_path
    last = client.get(next_path.replace("&amp;", "&")).text
    assert len(player_names(last)) == 1 and "Jugada 1<" in last
    assert re.search(r'href="/gallery\?city=Cali&amp;player=ana"[^>]*><svg', last)


@pytest.mark.parametrize(
    ("query", "message", "link"),
    [
        ("player=nadie", "Nadie llamado «nadie» tiene un video aquí", "/gallery"),
        ("player=nadie&city=Cali", "Nadie llamado «nadie» en Cali", "/gallery?player=nadie"),
        ("player=%3Cb%3E", "Nadie llamado «&lt;b&gt;» tiene un video aquí", "/gallery"),
        ("city=Cali", "Aún no hay videos de Cali", "/gallery"),
        ("", "La cancha está vacía", "/upload"),
    ],
)
def test_empty_gallery_shows_a_message_and_a_link(client: FlaskClient, query: str, message: str, link: str) -> None:
    empty = client.get(f"/gallery?{query}").text.split('class="empty"')[1]
    assert message in empty and f'href="{link}"' in empty


@pytest.mark.parametrize("query", ["player=a%00b", f"player={'x' * 102}", "player=a", "player=a%20b"])
def test_invalid_or_too_short_player_filter_returns_400(client: FlaskClient, query: str) -> None:
    assert client.get(f"/gallery?{query}").status_code == 400


def test_card_links_to_the_video_and_its_file(client: FlaskClient, people: People, videos: Videos) -> None:
    video_id = videos.published(people.new())
    page = client.get("/gallery").text
    assert f'data-play="/media/{video_id}/video.mp4"' in page
    assert page.count(f'href="/videos/{video_id}"') == 2
    assert client.get(f"/media/{video_id}/video.mp4").status_code == 302
