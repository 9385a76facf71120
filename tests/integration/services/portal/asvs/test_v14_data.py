"""ASVS 5.0, chapter 14: private data is not cached."""

from __future__ import annotations

import pytest
from flask import Flask

from ..people import PASSWORD, People, PortalUser
from ..videos import Videos
from .routes import routes

#: Public responses, which caches must revalidate.
PUBLIC = dict.fromkeys(
    ("static", "docs.openapi", "docs.former_openapi", "public.show_ranking", "rankings.show_list"), "no-cache"
)
#: Private responses without tokens that one browser may cache: the list that the "my videos" page polls, and media
#: redirects, for a shorter time than their links are valid.
PRIVATE = {
    "my_videos.show_list": "private, no-cache",
    "media.play": "private, max-age=60",
    "media.poster": "private, max-age=60",
    "media.preview": "private, max-age=60",
}
CACHED = PUBLIC | PRIVATE


@pytest.mark.asvs("14.3.2")
def test_no_private_response_is_cached(app: Flask, people: People, videos: Videos, moderator: PortalUser) -> None:
    ana = people.new()
    browser, csrf = people.browser(ana)
    cached_endpoints: set[str] = set()
    for route in routes(app):
        video_id = videos.published(ana)
        for client, headers in (
            (app.test_client(), {}),
            (ana.client, ana.headers),
            (moderator.client, moderator.headers),
            (browser, {"X-CSRF-TOKEN": csrf}),
        ):
            answer = client.open(route.path(video_id=video_id), method=route.method, headers=headers)
            cache_control = answer.headers["Cache-Control"]
            if answer.status_code in (200, 302) and route.endpoint in CACHED:
                assert cache_control == CACHED[route.endpoint], route
                cached_endpoints.add(route.endpoint)
            else:
                assert cache_control == "no-store", (route, answer.status_code)
    assert cached_endpoints == set(CACHED)


@pytest.mark.asvs("14.3.2")
def test_tokens_and_errors_are_not_cached(app: Flask, people: People) -> None:
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
