"""The list of a player's videos, as the open page asks for it again and again."""

from __future__ import annotations

from flask.testing import FlaskClient

from ..people import People
from ..videos import Videos

PATH = "/my-videos/list"


def test_an_unchanged_list_costs_no_body(people: People, videos: Videos) -> None:
    owner = people.new()
    videos.uploaded(owner, title="Bandeja")
    browser, _ = people.browser(owner)
    first = browser.get(PATH)
    assert "Bandeja" in first.text and "Espera su turno" in first.text
    again = browser.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_change_is_sent(people: People, videos: Videos) -> None:
    owner = people.new()
    videos.uploaded(owner)
    browser, _ = people.browser(owner)
    tag = browser.get(PATH).headers["ETag"]
    videos.failed(owner)
    changed = browser.get(PATH, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert "Este archivo no es un video." in changed.text


def test_it_is_kept_by_this_browser_alone(people: People) -> None:
    browser, _ = people.browser(people.new())
    directives = browser.get(PATH).cache_control
    assert directives.private and directives.no_cache


def test_others_videos_are_not_in_it(people: People, videos: Videos) -> None:
    videos.uploaded(people.new(), title="De otra persona")
    browser, _ = people.browser(people.new())
    assert "De otra persona" not in browser.get(PATH).text


def test_nobody_gets_nothing(client: FlaskClient) -> None:
    assert client.get(PATH).location == f"/login?next={PATH}"
