"""/api/moderation: moderators only; every action needs a reason and can be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.portal.api.operation import operation_of

from .people import People, PortalUser
from .videos import Videos

REASON = {"reason": "bought votes"}
NETWORK = "127.0.0.0/24"


@pytest.fixture
def moderator(people: People, engine: Engine) -> PortalUser:
    person = people.new(first_name="Marta", last_name="Ríos")
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET is_moderator = true WHERE id = :id"), {"id": person.id})
    return person


def votes(client: FlaskClient) -> list[int]:
    return [video["votes"] for video in client.get("/api/public/videos").json or []]


def test_every_route_is_for_moderators_only(app: Flask, people: People, client: FlaskClient) -> None:
    person, count = people.new(), 0
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/moderation/"):
            continue
        declared = operation_of(app.view_functions[rule.endpoint])
        assert declared is not None and declared.moderators_only and declared.signed_in
        path = rule.rule.replace("<video_id>", str(uuid4())).replace("<user_id>", "1")
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "DELETE"}:
            count += 1
            answer = client.open(path, method=method, headers=person.headers, json=REASON)
            assert (answer.status_code, answer.json["error"]) == (403, "Only moderators may do this"), rule  # type: ignore[index]
            assert client.open(path, method=method, json=REASON).status_code == 401
    assert count == 9


def test_video_is_hidden_and_shown_again(
    client: FlaskClient, people: People, videos: Videos, moderator: PortalUser
) -> None:
    ana, voter = people.new(), people.new()
    video_id = videos.published(ana)
    path = f"/api/moderation/videos/{video_id}"
    assert moderator.post(f"{path}/hide", json=REASON).json == {"message": "Video hidden"}
    assert votes(client) == []
    assert voter.post(f"/api/public/videos/{video_id}/vote").status_code == 404
    assert client.get(f"/media/{video_id}/video.mp4").status_code == 404
    own = ana.get(f"/api/videos/{video_id}").json
    assert own is not None and own["hidden"] is True
    assert moderator.post(f"{path}/hide", json=REASON).status_code == 404
    assert moderator.post(f"{path}/show", json=REASON).json == {"message": "Video shown"}
    assert votes(client) == [0]


def test_vote_burst_is_quarantined_and_restored(
    client: FlaskClient, people: People, videos: Videos, moderator: PortalUser
) -> None:
    video_id = videos.published(people.new(first_name="Ana", last_name="Díaz"), title="Triple doble")
    for voter in [people.new() for _ in range(3)]:
        assert voter.post(f"/api/public/videos/{video_id}/vote").status_code == 200
    assert moderator.get("/api/moderation/bulks").json == []
    bursts = moderator.get("/api/moderation/bulks?least=3").json
    assert bursts is not None and len(bursts) == 1
    burst = {name: bursts[0][name] for name in ("video_id", "title", "player", "network", "votes", "young")}
    assert burst == {
        "video_id": str(video_id),
        "title": "Triple doble",
        "player": "Ana Díaz",
        "network": NETWORK,
        "votes": 3,
        "young": 3,
    }
    path, body = f"/api/moderation/videos/{video_id}/votes", {**REASON, "network": NETWORK}
    assert moderator.post(f"{path}/set-aside", json=body).json == {"votes": 3}
    assert votes(client) == [0]
    assert moderator.post(f"{path}/set-aside", json=body).status_code == 404
    assert moderator.post(f"{path}/give-back", json=body).json == {"votes": 3}
    assert votes(client) == [3]
    log = moderator.get("/api/moderation/log").json
    assert log is not None
    assert [(entry["action"], entry["votes"], entry["moderator"], entry["reason"]) for entry in log] == [
        ("give votes back", 3, "Marta Ríos", "bought votes"),
        ("set votes aside", 3, "Marta Ríos", "bought votes"),
    ]


def test_account_is_closed_and_reopened(people: People, moderator: PortalUser) -> None:
    person = people.new()
    path = f"/api/moderation/users/{person.id}"
    assert moderator.post(f"{path}/close", json=REASON).json == {"message": "Account closed"}
    assert moderator.post(f"{path}/close", json=REASON).status_code == 404
    assert moderator.post(f"{path}/open", json=REASON).json == {"message": "Account opened"}
    assert moderator.post(f"/api/moderation/users/{moderator.id}/close", json=REASON).status_code == 404


def test_voting_period_is_set(client: FlaskClient, people: People, videos: Videos, moderator: PortalUser) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {**REASON, "opens_at": later, "freezes_at": None, "closes_at": None}
    answer = moderator.client.put("/api/moderation/voting-period", json=body, headers=moderator.headers)
    assert answer.status_code == 200 and answer.json is not None and answer.json["state"] == "not yet open"
    assert people.new().post(f"/api/public/videos/{videos.published(people.new())}/vote").status_code == 400
    log = moderator.get("/api/moderation/log").json
    assert log is not None and log[0]["action"] == "set voting period"


@pytest.mark.parametrize(
    "period",
    [
        {"opens_at": "2026-02-01T00:00:00Z", "freezes_at": None, "closes_at": "2026-01-01T00:00:00Z"},
        {"opens_at": "2026-02-01T00:00:00", "freezes_at": None, "closes_at": None},
        {"opens_at": "9999-12-31T23:59:59-05:00", "freezes_at": None, "closes_at": None},
        {"opens_at": "soon", "freezes_at": None, "closes_at": None},
        {"opens_at": None},
    ],
)
def test_invalid_voting_period_returns_400(moderator: PortalUser, period: dict[str, Any]) -> None:
    answer = moderator.client.put("/api/moderation/voting-period", json={**REASON, **period}, headers=moderator.headers)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": None}, {"reason": "x" * 501}])
def test_action_without_a_reason_returns_400(
    client: FlaskClient, people: People, videos: Videos, moderator: PortalUser, body: dict[str, Any]
) -> None:
    video_id = videos.published(people.new())
    assert moderator.post(f"/api/moderation/videos/{video_id}/hide", json=body).status_code == 400
    assert votes(client) == [0]


@pytest.mark.parametrize(
    "path",
    [
        "videos/not-a-uuid/hide",
        "videos/00000000-0000-4000-8000-000000000000/hide",
        "users/0/close",
        "users/99999999999/close",
        "users/-1/close",
        "users/²/close",
    ],
)
def test_unknown_target_returns_404(moderator: PortalUser, path: str) -> None:
    assert moderator.post(f"/api/moderation/{path}", json=REASON).status_code == 404


@pytest.mark.parametrize("network", ["home", "300.0.0.0/8", "10.0.0.1/8", 5, ""])
def test_invalid_network_returns_400(moderator: PortalUser, network: object) -> None:
    body = {**REASON, "network": network}
    assert moderator.post(f"/api/moderation/videos/{uuid4()}/votes/set-aside", json=body).status_code == 400
