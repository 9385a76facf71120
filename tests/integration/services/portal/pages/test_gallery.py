"""The gallery as a page: by city, by name, both, page by page, and when nobody is found."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from ..people import People
from ..videos import Videos


def players(page: str) -> list[str]:
    return re.findall(r'<h2 id="video-[^>]+><a [^>]+>([^<]+)</a>', page)


def test_players_are_found_by_name_and_city(client: FlaskClient, people: People, videos: Videos) -> None:
    for day, (first, last, city) in enumerate(
        (("Ana", "Díaz", "Cali"), ("Anabel", "Ruiz", "Pasto"), ("Eva", "Díaz", "Pasto")), start=1
    ):
        videos.published(people.new(first_name=first, last_name=last, city=city), day=day)
    assert players(client.get("/gallery?player=ana").text) == ["Anabel Ruiz", "Ana Díaz"]
    assert players(client.get("/gallery?player=ana&city=Cali").text) == ["Ana Díaz"]
    assert players(client.get("/gallery?player=%20diaz%20%20eva&city=").text) == ["Eva Díaz"]
    page = client.get("/gallery?player=ana&city=Cali").text
    assert 'value="ana"' in page and "Jugadores de Cali llamados «ana»" in page
    assert re.search(r'<a href="/gallery\?city=Cali">Ver a todos</a>', page)


def test_the_next_page_keeps_name_and_city(client: FlaskClient, people: People, videos: Videos) -> None:
    ana = people.new(first_name="Ana", city="Cali")
    for day in range(1, 26):
        videos.published(ana, title=f"Jugada {day}", day=day)
    first = client.get("/gallery?city=Cali&player=ana").text
    assert len(players(first)) == 24
    (rest,) = re.findall(r'rel="next" href="([^"]+)"', first)
    assert "city=Cali" in rest and "player=ana" in rest
    last = client.get(rest.replace("&amp;", "&")).text
    assert len(players(last)) == 1 and "Jugada 1<" in last
    assert re.search(r'href="/gallery\?city=Cali&amp;player=ana"[^>]*><svg', last)


@pytest.mark.parametrize(
    ("query", "told", "way_on"),
    [
        ("player=nadie", "Nadie llamado «nadie» tiene un video aquí", "/gallery"),
        ("player=nadie&city=Cali", "Nadie llamado «nadie» en Cali", "/gallery?player=nadie"),
        ("player=%3Cb%3E", "Nadie llamado «&lt;b&gt;» tiene un video aquí", "/gallery"),
        ("city=Cali", "Aún no hay videos de Cali", "/gallery"),
        ("", "La cancha está vacía", "/upload"),
    ],
)
def test_when_there_is_nothing_the_page_says_so_and_shows_a_way_on(
    client: FlaskClient, query: str, told: str, way_on: str
) -> None:
    empty = client.get(f"/gallery?{query}").text.split('class="empty"')[1]
    assert told in empty and f'href="{way_on}"' in empty


@pytest.mark.parametrize("query", ["player=a%00b", f"player={'x' * 102}", "player=a", "player=a%20b"])
def test_a_name_that_nobody_can_have_or_nearly_everybody_has_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/gallery?{query}").status_code == 400


def test_a_card_leads_to_the_videos_page_and_tells_scripts_what_to_play(
    client: FlaskClient, people: People, videos: Videos
) -> None:
    video_id = videos.published(people.new())
    page = client.get("/gallery").text
    assert f'data-play="/media/{video_id}/video.mp4"' in page
    assert page.count(f'href="/videos/{video_id}"') == 2
    assert client.get(f"/media/{video_id}/video.mp4").status_code == 302
