"""DELETE /api/public/videos/{id}/vote, the voting period, and the public verification of counts."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.portal.scheduler import run_due

from .people import People
from .videos import Videos

CLOSE = "UPDATE voting_period SET closes_at = now()"


def votes(client: FlaskClient) -> list[int]:
    return [video["votes"] for video in client.get("/api/public/videos").json or []]


def test_retracted_vote_can_be_cast_again(client: FlaskClient, people: People, videos: Videos) -> None:
    video_id, voter = videos.published(people.new()), people.new()
    path = f"/api/public/videos/{video_id}/vote"
    assert voter.post(path).status_code == 200
    answer = voter.delete(path)
    assert (answer.status_code, answer.json) == (200, {"message": "Vote retracted"})
    assert votes(client) == [0]
    assert voter.get("/api/user/votes").json == []
    answer = voter.delete(path)
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "You have not voted for this video"})
    assert voter.post(path).status_code == 200
    assert votes(client) == [1]


@pytest.mark.parametrize("video_id", ["not-a-uuid", "00000000-0000-4000-8000-000000000000"])
def test_retracting_without_a_vote_returns_400(people: People, video_id: str) -> None:
    assert people.new().delete(f"/api/public/videos/{video_id}/vote").status_code == 400


def test_vote_of_another_user_cannot_be_retracted(client: FlaskClient, people: People, videos: Videos) -> None:
    video_id, voter = videos.published(people.new()), people.new()
    voter.post(f"/api/public/videos/{video_id}/vote")
    assert people.new().delete(f"/api/public/videos/{video_id}/vote").status_code == 400
    assert client.delete(f"/api/public/videos/{video_id}/vote").status_code == 401
    assert votes(client) == [1]


def test_closed_voting_rejects_votes_and_retractions(
    client: FlaskClient, people: People, videos: Videos, engine: Engine
) -> None:
    video_id, voter = videos.published(people.new()), people.new()
    now = client.get("/api/public/voting").json
    assert now is not None and (now["state"], now["closes_at"]) == ("open", None)
    with engine.begin() as connection:
        connection.execute(text(CLOSE))
    now = client.get("/api/public/voting").json
    assert now is not None and now["state"] == "closed" and now["closes_at"] <= now["now"]
    for answer in (
        voter.post(f"/api/public/videos/{video_id}/vote"),
        voter.delete(f"/api/public/videos/{video_id}/vote"),
    ):
        assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Voting is closed"})


def test_standings_have_overall_and_city_positions(people: People, videos: Videos) -> None:
    ana, luz = people.new(city="Cali"), people.new(city="Pasto")
    first, second = videos.published(luz, title="Clavada"), videos.published(ana, title="Triple doble")
    videos.vote(first, *(people.new() for _ in range(2)))
    videos.vote(second, people.new())
    assert ana.get("/api/user/standings").json == [
        {
            "video_id": str(second),
            "title": "Triple doble",
            "votes": 1,
            "position": 2,
            "city": "Cali",
            "city_position": 1,
        }
    ]


def test_verification_reports_exact_and_wrong_counts(
    app: Flask, client: FlaskClient, people: People, videos: Videos, engine: Engine
) -> None:
    before = client.get("/api/public/verification").json
    assert before is not None and (before["exact"], before["complete"], before["since"]) == (False, False, None)
    videos.vote(videos.published(people.new()), people.new(), people.new())

    def recount() -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE tally_checks SET checked_at = '-infinity'"))
        for _ in range(16):
            with app.app_context():
                run_due(0)

    recount()
    verification = client.get("/api/public/verification").json
    assert verification is not None
    assert {name: verification[name] for name in ("exact", "complete", "videos", "votes", "tally", "differing")} == {
        "exact": True,
        "complete": True,
        "videos": 1,
        "votes": 2,
        "tally": 2,
        "differing": 0,
    }
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET votes_count = votes_count + 1"))
    recount()
    verification = client.get("/api/public/verification").json
    assert verification is not None and (verification["exact"], verification["differing"], verification["tally"]) == (
        False,
        1,
        3,
    )
