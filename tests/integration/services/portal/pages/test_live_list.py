"""The fragment with a player's own videos, which the open page polls."""

from __future__ import annotations

from flask.testing import FlaskClient

from ..people import People
from ..videos import Videos

PATH = "/my-videos/list"


def test_unchanged_list_returns_304(people: People, videos: Videos) -> None:
    owner = people.new()
    videos.uploaded(owner, title="Bandeja")
    browser, _ = people.browser(owner)
    first = browser.get(PATH)
    assert "Bandeja" in first.text and "Espera su turno" in first.text
    again = browser.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_changed_list_is_sent(people: People, videos: Videos) -> None:
    owner = people.new()
    videos.uploaded(owner)
    browser, _ = people.browser(owner)
    tag = browser.get(PATH).headers["ETag"]
    videos.failed(owner)
    changed = browser.get(PATH, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert "Este archivo no es un video." in changed.text


def test_list_is_cached_privately(people: People) -> None:
    browser, _ = people.browser(people.new())
    directives = browser.get(PATH).cache_control
    assert directives.private and directives.no_cache


def test_list_has_no_videos_of_other_users(people: People, videos: Videos) -> None:
    videos.uploaded(people.new(), title="De otra persona")
    browser, _ = people.browser(people.new())
    assert "De otra persona" not in browser.get(PATH).text


def test_anonymous_client_is_redirected_to_login(client: FlaskClient) -> None:
    assert client.get(PATH).location == f"/login?next={PATH}"
