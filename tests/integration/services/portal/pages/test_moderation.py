"""Moderation pages: moderators only, forms with a reason, and every action can be undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.contest import moderation
from services.portal.error_messages import ACTIONS, action_sentence

from ..people import People, PortalUser
from ..videos import Videos

PAGE = "/moderation"
NETWORK = "127.0.0.0/24"
REASON = "Los mismos minutos, cuentas nuevas"
Browser = tuple[FlaskClient, str]


@pytest.fixture
def moderator(people: People, engine: Engine) -> Browser:
    """A moderator's browser, in English, and its CSRF token."""
    person = people.new(first_name="Marta", last_name="Ríos")
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET is_moderator = true WHERE id = :id"), {"id": person.id})
    client, csrf = people.browser(person)
    client.set_cookie("language", "en")
    return client, csrf


@pytest.fixture
def vote_burst(people: People, videos: Videos) -> Callable[..., UUID]:
    """Create a video with a burst of votes: one network, new accounts."""

    def create(votes: int = 5, **player: str) -> UUID:
        video_id = videos.published(people.new(**{"first_name": "Eva", "last_name": "Luna", **player}))
        for voter in [people.new() for _ in range(votes)]:
            assert voter.post(f"/api/public/videos/{video_id}/vote").status_code == 200
        return video_id

    return create


def action_paths(video_id: UUID) -> list[str]:
    video = f"{PAGE}/videos/{video_id}"
    return [f"{video}/hide", f"{video}/show", f"{video}/votes/set-aside", f"{video}/votes/give-back"]


def votes(client: FlaskClient) -> list[int]:
    return [video["votes"] for video in client.get("/api/public/videos").json or []]


def test_other_users_get_403(client: FlaskClient, people: People, vote_burst: Callable[..., UUID]) -> None:
    video_id = vote_burst()
    browser, csrf = people.browser(people.new())
    for path in (PAGE, f"{PAGE}/log", f"{PAGE}/videos/{video_id}", *action_paths(video_id)):
        answer = browser.get(path)
        assert answer.status_code == 403 and "No puedes hacer esto" in answer.text
        assert client.get(path).location.startswith("/login?next=")
    for path in action_paths(video_id):
        assert browser.post(path, data={"csrf_token": csrf, "reason": REASON, "network": NETWORK}).status_code == 403
    assert votes(client) == [5]
    assert 'href="/moderation"' not in browser.get("/gallery").text


def test_former_moderator_gets_403(moderator: Browser, engine: Engine) -> None:
    browser, _ = moderator
    assert 'href="/moderation"' in browser.get("/gallery").text
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET is_moderator = false"))
    assert browser.get(PAGE).status_code == 403
    assert 'href="/moderation"' not in browser.get("/gallery").text


def test_empty_moderation_page(moderator: Browser) -> None:
    page = moderator[0].get(PAGE).text
    for sentence in ("Nothing stands out.", "No vote in the last day.", "No video is hidden.", "Always open"):
        assert sentence in page
    assert "The log is empty" in moderator[0].get(f"{PAGE}/log").text


def test_vote_bursts_and_fast_videos_are_listed(moderator: Browser, vote_burst: Callable[..., UUID]) -> None:
    video_id = vote_burst(first_name="<b>Eva</b>")
    page = moderator[0].get(PAGE).text
    assert page.count(f'href="/moderation/videos/{video_id}"') == 2
    assert "&lt;b&gt;Eva&lt;/b&gt; Luna" in page and NETWORK in page
    assert "5 votes count" in page and "5 by accounts less than an hour old" in page
    assert "5 votes in the last hour" in page and "from 1 network" in page


@pytest.mark.parametrize(
    ("period", "label"),
    [
        ("opens_at = now() + interval '1 day'", "Not open yet"),
        ("freezes_at = now()", "Open, and the counts stand still"),
        ("closes_at = now()", "Closed"),
    ],
)
def test_voting_state_is_shown(moderator: Browser, engine: Engine, period: str, label: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE voting_period SET {period}"))
    assert f">{label}</span>" in moderator[0].get(PAGE).text


def test_forms_hide_and_show_a_video(client: FlaskClient, moderator: Browser, people: People, videos: Videos) -> None:
    browser, csrf = moderator
    eva = people.new(first_name="Eva")
    video_id = videos.published(eva)
    page = f"{PAGE}/videos/{video_id}"
    assert f'href="{page}"' in browser.get(f"/videos/{video_id}").text
    assert "Hide this video?" in browser.get(f"{page}/hide").text
    assert browser.post(f"{page}/hide", data={"reason": REASON}).status_code == 403
    assert votes(client) == [0]
    answer = browser.post(f"{page}/hide", data={"csrf_token": csrf, "reason": f"  {REASON} "})
    assert (answer.status_code, answer.location) == (303, page)
    page_text = browser.get(page).text
    assert (
        "The video is hidden." in page_text
        and "Hidden since" in page_text
        and REASON in page_text
        and "Marta Ríos" in page_text
    )
    assert votes(client) == [] and client.get(f"/videos/{video_id}").status_code == 404
    assert "Hidden since" in browser.get(PAGE).text
    owner_browser, _ = people.browser(eva)
    assert "Oculto por los organizadores" in owner_browser.get("/my-videos").text
    assert "Los organizadores ocultaron este video" in owner_browser.get(f"/videos/{video_id}").text
    # Submitting the form twice changes nothing.
    browser.post(f"{page}/hide", data={"csrf_token": csrf, "reason": REASON})
    assert "Nothing was changed" in browser.get(page).text
    browser.post(f"{page}/show", data={"csrf_token": csrf, "reason": "Fue un error"})
    page_text = browser.get(page).text
    assert "Everybody sees it" in page_text and "Fue un error" in page_text
    assert votes(client) == [0]


def test_forms_quarantine_and_restore_votes(
    client: FlaskClient, moderator: Browser, vote_burst: Callable[..., UUID]
) -> None:
    browser, csrf = moderator
    video_id = vote_burst()
    page = f"{PAGE}/videos/{video_id}"
    form = {"csrf_token": csrf, "reason": REASON, "network": NETWORK}
    (link,) = re.findall(r'href="([^"]+/votes/set-aside[^"]*)"', browser.get(page).text)
    confirmation = browser.get(link).text
    assert "Set these votes aside?" in confirmation and "5 votes count" in confirmation
    assert f'name="network" value="{NETWORK}"' in confirmation
    assert browser.post(f"{page}/votes/set-aside", data=form).location == page
    page_text = browser.get(page).text
    assert "5 set aside" in page_text and "0 votes count" in page_text
    assert votes(client) == [0]
    browser.post(f"{page}/votes/set-aside", data=form)
    assert "Nothing was changed" in browser.get(page).text
    browser.post(f"{page}/votes/give-back", data=form)
    assert votes(client) == [5]
    log = browser.get(f"{PAGE}/log").text
    assert log.index("Gave votes back") < log.index("Set votes aside")


def test_votes_without_a_network_are_quarantined_too(
    client: FlaskClient, moderator: Browser, people: People, videos: Videos
) -> None:
    browser, csrf = moderator
    video_id = videos.published(people.new())
    videos.vote(video_id, people.new())
    page = f"{PAGE}/videos/{video_id}"
    assert "Network not noted" in browser.get(f"{page}/votes/set-aside").text
    browser.post(f"{page}/votes/set-aside", data={"csrf_token": csrf, "reason": REASON, "network": ""})
    assert votes(client) == [0]


@pytest.mark.parametrize(
    ("reason", "message"), [("", "Fill in this field."), ("  ", "too short"), ("x" * 501, "too long")]
)
def test_invalid_reason_returns_400_with_a_message(
    client: FlaskClient, moderator: Browser, vote_burst: Callable[..., UUID], reason: str, message: str
) -> None:
    browser, csrf = moderator
    for path in action_paths(vote_burst(votes=1)):
        answer = browser.post(path, data={"csrf_token": csrf, "reason": reason, "network": NETWORK})
        assert answer.status_code == 400
        assert message in answer.text.split('id="reason-error"')[1].split("</div>")[0]
    assert votes(client) == [1]


def test_private_failed_or_unknown_video_returns_404(moderator: Browser, people: People, videos: Videos) -> None:
    browser, csrf = moderator
    eva = people.new()
    private, failed = videos.processed(eva, is_public=False), videos.failed(eva, is_public=True)
    for video_id in (private, failed, uuid4()):
        for path in (f"{PAGE}/videos/{video_id}", *action_paths(video_id)):
            assert browser.get(path).status_code == 404
        for path in action_paths(video_id):
            assert browser.post(path, data={"csrf_token": csrf, "reason": REASON}).status_code == 404


@pytest.mark.parametrize("network", ["10.0.0.0/24", "nonsense", "' OR 1=1"])
def test_network_without_votes_returns_404(moderator: Browser, vote_burst: Callable[..., UUID], network: str) -> None:
    browser, csrf = moderator
    path = f"{PAGE}/videos/{vote_burst(votes=1)}/votes/set-aside"
    assert browser.get(path, query_string={"network": network}).status_code == 404
    assert browser.post(path, data={"csrf_token": csrf, "reason": REASON, "network": network}).status_code == 404


def test_log_is_paged(moderator: Browser, people: People, videos: Videos, engine: Engine) -> None:
    browser, _ = moderator
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO moderation_log (moderator_id, action, reason) "
                "SELECT id, 'set voting period', 'motivo ' || n || '.' FROM users, generate_series(1, 60) n "
                "WHERE is_moderator"
            )
        )
    first = browser.get(f"{PAGE}/log").text
    assert first.count("<blockquote>") == 50 and "motivo 60." in first and "motivo 10." not in first
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = browser.get(older).text
    assert second.count("<blockquote>") == 10 and "motivo 10." in second and 'rel="next"' not in second
    assert "The log ends here" in browser.get(f"{PAGE}/log?before=0").text
    assert browser.get(f"{PAGE}/log?before=x").status_code == 400


def test_every_logged_action_has_a_sentence(app: Flask) -> None:
    written = set(re.findall(r":moderator_id, '([a-z ]+)'", Path(moderation.__file__).read_text()))
    assert written == set(ACTIONS)
    with app.test_request_context():
        assert action_sentence("hide video") == "Ocultó el video"
        assert action_sentence("of a later release") == "of a later release"


def test_bearer_token_of_a_non_moderator_returns_403(people: People) -> None:
    person: PortalUser = people.new()
    assert person.get(PAGE).status_code == 403
