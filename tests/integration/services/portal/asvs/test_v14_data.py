"""ASVS 5.0, chapter 14: what is somebody's alone stays in no cache."""

from __future__ import annotations

import pytest
from flask import Flask

from ..people import PASSWORD, People, PortalUser
from ..videos import Videos
from .routes import routes

#: What everybody may see is asked for again each time, and comes again where it changed.
PUBLIC = dict.fromkeys(
    ("static", "docs.openapi", "docs.former_openapi", "public.show_ranking", "rankings.show_list"), "no-cache"
)
#: Pages and redirects for one browser, and never what holds a token: the part of "my videos" that the open page asks
#: for again and again, and where a video lies in the bucket, for less time than that link holds.
OWN = {
    "my_videos.show_list": "private, no-cache",
    "media.play": "private, max-age=60",
    "media.poster": "private, max-age=60",
    "media.preview": "private, max-age=60",
}
KEPT = PUBLIC | OWN


@pytest.mark.asvs("14.3.2")
def test_no_answer_is_kept_by_a_browser_or_on_its_way(
    app: Flask, people: People, videos: Videos, moderator: PortalUser
) -> None:
    ana = people.new()
    browser, csrf = people.browser(ana)
    seen: set[str] = set()
    for route in routes(app):
        video_id = videos.published(ana)
        for client, headers in (
            (app.test_client(), {}),
            (ana.client, ana.headers),
            (moderator.client, moderator.headers),
            (browser, {"X-CSRF-TOKEN": csrf}),
        ):
            answer = client.open(route.path(video_id=video_id), method=route.method, headers=headers)
            told = answer.headers["Cache-Control"]
            if answer.status_code in (200, 302) and route.endpoint in KEPT:
                assert told == KEPT[route.endpoint], route
                seen.add(route.endpoint)
            else:
                assert told == "no-store", (route, answer.status_code)
    assert seen == set(KEPT)


@pytest.mark.asvs("14.3.2")
def test_nor_is_a_token_or_an_error(app: Flask, people: People) -> None:
    ana = people.new()
    login = {"email": ana.email, "password": PASSWORD}
    client = app.test_client()
    for method, path, arguments in (
        ("POST", "/api/auth/login", {"json": login}),
        ("POST", "/login", {"data": login}),
        ("GET", "/nowhere", {}),
        ("GET", "/media/x/video.mp4", {}),
        ("OPTIONS", "/api/videos", {}),
    ):
        assert client.open(path, method=method, **arguments).headers["Cache-Control"] == "no-store", path  # type: ignore[arg-type]
