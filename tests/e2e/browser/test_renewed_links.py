"""A link to the bucket that has ended while its page was open is replaced by a new one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import OpenPage, sign_in
from .scene import Scene

ENDED = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message>'


@pytest.fixture
def end_links() -> Callable[[Page, str], list[str]]:
    """A function that ends a page's first link to each object with a suffix; returns the ended links."""

    def end(page: Page, suffix: str) -> list[str]:
        ended: list[str] = []

        def refuse_first(route: Route) -> None:
            if route.request.url in ended:
                route.continue_()
            else:
                ended.append(route.request.url)
                route.fulfill(status=403, content_type="application/xml", body=f"{ENDED}</Error>")

        page.route(re.compile(rf"/processed/[^?]*{re.escape(suffix)}\?"), refuse_first)
        return ended

    return end


def test_posters_are_loaded_again(open_page: OpenPage, filled: Scene, end_links: Callable[..., list[str]]) -> None:
    page = open_page()
    ended = end_links(page, ".jpg")
    page.goto("/gallery")
    poster = page.locator(".card img").first
    poster.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=poster.element_handle())
    expect(poster).to_have_attribute("src", re.compile(r"^/media/[0-9a-f-]{36}/poster\.jpg$"))
    assert ended


@pytest.mark.parametrize("private", [False, True])
def test_video_is_loaded_again_and_plays(
    open_page: OpenPage, filled: Scene, end_links: Callable[..., list[str]], private: bool
) -> None:
    page = open_page()
    sign_in(page, filled.players[0].account)
    ended = end_links(page, ".mp4")
    page.goto(f"/videos/{filled.private if private else filled.videos[0]}")
    video = page.locator("video")
    page.wait_for_function("video => video.readyState > 0", arg=video.element_handle())
    expect(video).to_have_attribute("src", re.compile(r"^/media/[0-9a-f-]{36}/video\.mp4"))
    video.evaluate(
        "video => new Promise((done, fail) => {"
        "  video.addEventListener('timeupdate', () => video.currentTime > 0.2 && done());"
        "  video.play().catch(fail);"
        "})"
    )
    assert len(ended) == 1


def test_other_failure_is_not_repeated(open_page: OpenPage, filled: Scene) -> None:
    page = open_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/media/" in request.url else None)
    page.route(re.compile(r"/processed/[^?]*\.mp4\?"), lambda route: route.abort())
    page.route(re.compile(r"/media/.*/video\.mp4"), lambda route: route.abort())
    page.goto(f"/videos/{filled.videos[0]}")
    video = page.locator("video")
    page.wait_for_function("video => video.error !== null", arg=video.element_handle())
    page.wait_for_timeout(500)
    assert len([url for url in requests if url.endswith("video.mp4")]) == 1
