"""Moderators work without scripts and with the keyboard alone; every action can be undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from . import scene
from .conftest import DESK, OpenPage, choose_language, sign_in
from .site import Client, Site

ENGLISH = {
    "moderation": "Moderation",
    "aside": re.compile("^Set aside 203"),
    "set aside": "Set the votes aside",
    "are aside": "The votes are set aside.",
    "none count": "0 votes count",
    "back": re.compile("^Give back 203"),
    "give back": "Give the votes back",
    "count again": "The votes count again.",
    "hide": "Hide",
    "hide it": "Hide the video",
    "hidden": "The video is hidden.",
    "show": "Show again",
    "show it": "Show the video",
    "shown": "The video is shown again.",
    "reason": "Reason",
    "log": "The whole log",
    "lines": ["Showed the video again", "Hid the video", "Gave votes back", "Set votes aside"],
}


@dataclass(frozen=True)
class SuspectedVideo:
    """A video with bulk votes."""

    id: str
    title: str


@pytest.fixture
def suspected(
    site: Site, new_client: Callable[..., Client], clip: Path, request: pytest.FixtureRequest
) -> SuspectedVideo:
    player = new_client("Andrés", "De la Hoz", "Barranquilla")
    video = SuspectedVideo(
        player.upload(clip, f"Asistencia {request.node.name[-12:]}"), f"Asistencia {request.node.name[-12:]}"
    )
    player.wait_until_done(count=1)
    scene.vote_in_bulk(site, video.id)
    return video


def public_votes(page: Page, video: SuspectedVideo) -> int | None:
    """Return the public number of votes of a video, or None if it is not listed."""
    videos = page.request.get("/api/public/videos").json()
    return next((listed["votes"] for listed in videos if listed["video_id"] == video.id), None)


def test_actions_and_their_undo_without_scripts(site: Site, open_page: OpenPage, suspected: SuspectedVideo) -> None:
    page = open_page(viewport=DESK, java_script_enabled=False)
    sign_in(page, scene.new_moderator(site).account)
    choose_language(page, "en")
    words = ENGLISH
    page.get_by_role("link", name=words["moderation"], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["moderation"])
    page.get_by_role("region").first.wait_for()
    page.get_by_role("link", name=suspected.title).first.click()

    for link, button, notice, votes in (
        ("aside", "set aside", "are aside", 2),
        ("back", "give back", "count again", 8),
        ("hide", "hide it", "hidden", None),
        ("show", "show it", "shown", 8),
    ):
        page.get_by_role("link", name=words[link]).click()
        # The browser requires a reason.
        page.get_by_role("button", name=words[button]).click()
        expect(page.get_by_label(words["reason"])).to_be_focused()
        page.get_by_label(words["reason"]).fill(f"Motivo de {link}")
        page.get_by_role("button", name=words[button]).click()
        expect(page.get_by_role("status")).to_contain_text(words[notice])
        assert public_votes(page, suspected) == votes
        if link == "aside":
            expect(page.locator(".rows").first).to_contain_text(words["none count"])

    page.get_by_role("link", name=words["moderation"], exact=True).first.click()
    page.get_by_role("link", name=words["log"]).click()
    lines = page.locator(".log > li")
    assert [text.split(":")[0] for text in lines.locator(".line").all_inner_texts()[:4]] == words["lines"]
    assert lines.locator("blockquote").all_inner_texts()[:4] == [
        f"Motivo de {link}" for link in ("show", "hide", "back", "aside")
    ]


def test_votes_are_set_aside_with_the_keyboard(site: Site, open_page: OpenPage, suspected: SuspectedVideo) -> None:
    page = open_page()
    sign_in(page, scene.new_moderator(site).account)
    page.goto("/moderation")

    def focus(name: re.Pattern[str]) -> None:
        for _ in range(300):
            page.keyboard.press("Tab")
            if name.search(page.evaluate("document.activeElement.textContent.trim()")):
                return
        raise AssertionError(f"Tab does not reach {name.pattern}")

    focus(re.compile(f"^{suspected.title}$"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/moderation/videos/{suspected.id}")
    focus(re.compile("^Apartar 203"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/votes/set-aside**")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "reason":
            break
    page.keyboard.type("Cuentas de un mismo minuto")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Los votos quedaron apartados.")
    assert public_votes(page, suspected) == 2


def test_other_users_get_403(open_page: OpenPage, new_client: Callable[..., Client], suspected: SuspectedVideo) -> None:
    page = open_page()
    sign_in(page, new_client("Mateo", "Arango").account)
    expect(page.get_by_role("link", name="Moderación")).to_have_count(0)
    for path in ("/moderation", "/moderation/log", f"/moderation/videos/{suspected.id}/hide"):
        answer = page.goto(path)
        assert answer is not None and answer.status == 403
        expect(page.get_by_role("heading", level=1)).to_have_text("No puedes hacer esto")
