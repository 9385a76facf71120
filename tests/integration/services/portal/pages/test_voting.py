"""Voting with a form: fragments for scripts, redirects for browsers without scripts."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from ..people import People
from ..videos import Videos


@pytest.fixture
def video(people: People, videos: Videos) -> UUID:
    return videos.processed(people.new(), is_public=True)


def vote(browser: tuple[FlaskClient, str], video: UUID, **headers: str) -> tuple[int, str, str]:
    client, csrf = browser
    answer = client.post(f"/videos/{video}/vote", data={"csrf_token": csrf, "next": "/rankings"}, headers=headers)
    return answer.status_code, answer.location or "", client.get("/rankings").text if answer.location else answer.text


def test_vote_form_redirects_back_with_a_notice(people: People, video: UUID) -> None:
    browser = people.browser(people.new())
    status, location, page = vote(browser, video)
    assert (status, location) == (303, "/rankings")
    assert "Tu voto cuenta. ¡Gracias!" in page
    assert "Ya habías votado por este video." in vote(browser, video)[2]


def test_script_gets_only_the_vote_fragment(people: People, video: UUID) -> None:
    browser = people.browser(people.new())
    status, _, fragment = vote(browser, video, **{"X-Fragment": "vote"})
    assert status == 200
    assert fragment.lstrip().startswith('<div class="voting" data-vote>')
    assert "Votaste" in fragment and f"/videos/{video}/retract" in fragment


def retract(browser: tuple[FlaskClient, str], video: UUID, **headers: str) -> tuple[int, str]:
    client, csrf = browser
    answer = client.post(f"/videos/{video}/retract", data={"csrf_token": csrf, "next": "/rankings"}, headers=headers)
    return answer.status_code, client.get("/rankings").text if answer.location else answer.text


def test_form_and_script_retract_a_vote(people: People, video: UUID) -> None:
    browser = people.browser(people.new())
    vote(browser, video)
    status, page = retract(browser, video)
    assert status == 303 and "Retiraste tu voto." in page
    assert "No tienes un voto por este video." in retract(browser, video)[1]
    vote(browser, video)
    status, fragment = retract(browser, video, **{"X-Fragment": "vote"})
    assert status == 200 and "Votaste" not in fragment and f"/videos/{video}/vote" in fragment


def test_closed_voting_shows_no_vote_forms(people: People, video: UUID, engine: Engine) -> None:
    browser = people.browser(people.new())
    vote(browser, video)
    with engine.begin() as connection:
        connection.execute(text("UPDATE voting_period SET closes_at = now()"))
    page = browser[0].get(f"/videos/{video}").text
    assert "Votaste" in page and "/retract" not in page and f"/videos/{video}/vote" not in page
    assert "La votación está cerrada en este momento." in retract(browser, video)[1]
    other = people.browser(people.new())
    assert "La votación está cerrada" in other[0].get(f"/videos/{video}").text
    assert "La votación está cerrada en este momento." in vote(other, video)[2]


def test_rejected_script_vote_redirects_to_the_page(people: People, videos: Videos) -> None:
    owner = people.new()
    own = videos.processed(owner, is_public=True)
    status, _, page = vote(people.browser(owner), own, **{"X-Fragment": "vote"})
    assert status == 303
    assert "No puedes votar por tu propio video." in page


def test_vote_for_unavailable_video_shows_a_message(people: People, videos: Videos) -> None:
    private = videos.processed(people.new(), is_public=False)
    for video in (private, uuid4()):
        assert "Este video no recibe votos." in vote(people.browser(people.new()), video)[2]


def test_anonymous_vote_redirects_to_login(client: FlaskClient, video: UUID) -> None:
    answer = client.post(f"/videos/{video}/vote", data={"next": f"/videos/{video}"})
    assert answer.location == f"/login?next=/videos/{video}"
