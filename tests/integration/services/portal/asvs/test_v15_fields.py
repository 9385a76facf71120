"""ASVS 5.0, section 15.3: requests cannot set fields that they do not declare (mass assignment)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from ..direct import CLIP, UPLOADS, complete, send
from ..people import PASSWORD, People, PortalUser, registration
from ..videos import Videos

#: Columns that clients may set; the portal sets all others.
USER_FIELDS = {"first_name", "last_name", "email", "city", "country"}
VIDEO_FIELDS = {"title", "is_public", "original_filename"}
#: Field names that mass assignment attacks try elsewhere.
COMMON_ATTACK_FIELDS = {
    "is_admin": True,
    "role": "admin",
    "roles": ["admin"],
    "admin": True,
    "password": "x",
    "__proto__": {"x": 1},
}


@pytest.fixture
def undeclared_fields(engine: Engine) -> dict[str, Any]:
    """A value for every column that clients may not set."""
    with engine.connect() as connection:
        columns = connection.execute(
            text(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' "
                "AND table_name IN ('users', 'videos', 'uploads', 'votes', 'user_sessions')"
            )
        ).all()
    values = {"boolean": True, "integer": 999, "bigint": 999, "smallint": 9}
    values_by_column = {
        name: values.get(kind, "2001-01-01T00:00:00Z" if "time" in kind else "processed") for name, kind in columns
    }
    allowed = USER_FIELDS | VIDEO_FIELDS | {"size", "fingerprint", "filename"}
    forbidden = {name: value for name, value in values_by_column.items() if name not in allowed}
    assert {"is_moderator", "votes_count", "user_id", "status", "token_generation", "password_hash"} <= set(forbidden)
    return {**forbidden, **COMMON_ATTACK_FIELDS}


def row(engine: Engine, table: str, key: int | str) -> dict[str, Any]:
    with engine.connect() as connection:
        columns = connection.execute(text(f"SELECT * FROM {table} WHERE id = :id"), {"id": key}).mappings().one()
    return dict(columns)


def comparable_columns(row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that are equal in two rows that were created the same way."""
    unique = {"id", "email", "password_hash", "original_url", "original_filename"}
    return {name: value for name, value in row.items() if name not in unique and not name.endswith("_at")}


@pytest.mark.asvs("15.3.3")
def test_sign_up_ignores_undeclared_fields(
    app: Flask, people: People, engine: Engine, undeclared_fields: dict[str, Any]
) -> None:
    plain = people.new()
    client = app.test_client()
    for path, body in (
        ("/api/auth/signup", {"json": {**undeclared_fields, **registration(email="a@example.com")}}),
        ("/signup", {"data": {**undeclared_fields, **registration(email="b@example.com")}}),
    ):
        assert client.post(path, **body).status_code in (201, 303), path
    with engine.connect() as connection:
        user_ids = connection.execute(text("SELECT id FROM users WHERE id <> :id"), {"id": plain.id}).scalars().all()
    assert len(user_ids) == 2
    for user_id in user_ids:
        assert comparable_columns(row(engine, "users", user_id)) == comparable_columns(row(engine, "users", plain.id))


@pytest.mark.asvs("15.3.3")
def test_password_change_and_login_ignore_undeclared_fields(
    people: People, engine: Engine, undeclared_fields: dict[str, Any]
) -> None:
    ana, eva = people.new(), people.new()
    change = {"current_password": PASSWORD, "password1": "a longer one", "password2": "a longer one"}
    assert ana.post("/api/auth/password", json=change).status_code == 200
    assert eva.post("/api/auth/password", json={**undeclared_fields, "user_id": ana.id, **change}).status_code == 200
    assert comparable_columns(row(engine, "users", eva.id)) == comparable_columns(row(engine, "users", ana.id))
    login = {**undeclared_fields, "user_id": ana.id, "email": eva.email, "password": "a longer one"}
    token = (eva.client.post("/api/auth/login", json=login).json or {})["access_token"]
    profile = eva.client.get("/api/auth/profile", headers={"Authorization": f"Bearer {token}"}).json
    assert (profile or {})["id"] == eva.id


@pytest.mark.asvs("15.3.3")
def test_uploads_ignore_undeclared_fields(people: People, engine: Engine, undeclared_fields: dict[str, Any]) -> None:
    ana, eva = people.new(), people.new()
    forged_fields = {**undeclared_fields, "user_id": ana.id, "owner": ana.id}
    rows_by_kind = {}
    for name, extra_fields in (("plain", {}), ("forged", forged_fields)):
        form = {**{key: str(value) for key, value in extra_fields.items()}, "title": "Triple doble"}
        form["video_file"] = (io.BytesIO(CLIP), "play.mp4")  # type: ignore[assignment]
        sent = eva.post("/api/videos/upload", data=form)
        started = eva.post(
            UPLOADS, json={**extra_fields, "title": "Triple doble", "filename": "play.mp4", "size": len(CLIP)}
        )
        assert (sent.status_code, started.status_code) == (201, 201), (sent.text, started.text)
        upload = started.json or {}
        send(eva, upload)
        assert complete(eva, upload).status_code == 201
        rows_by_kind[name] = [
            row(engine, "videos", str(key)) for key in ((sent.json or {})["task_id"], upload["video_id"])
        ]
    for plain, forged in zip(*rows_by_kind.values(), strict=True):
        assert comparable_columns(forged) == comparable_columns(plain)
        assert forged["user_id"] == eva.id and forged["original_url"] == f"uploads/{forged['id']}.mp4"
    assert ana.get("/api/videos").json == []


@pytest.mark.asvs("15.3.3")
def test_vote_belongs_to_the_signed_in_user(
    people: People, videos: Videos, engine: Engine, undeclared_fields: dict[str, Any]
) -> None:
    ana, eva = people.new(), people.new()
    path = f"/api/public/videos/{videos.published(people.new())}/vote"
    assert eva.post(path, json={**undeclared_fields, "user_id": ana.id}).status_code == 200
    with engine.connect() as connection:
        assert connection.execute(text("SELECT user_id FROM votes")).scalars().all() == [eva.id]
        assert connection.execute(text("SELECT sum(delta) FROM vote_deltas")).scalar_one() == 1


@pytest.mark.asvs("15.3.3")
def test_moderation_affects_only_the_named_account(
    people: People, moderator: PortalUser, engine: Engine, undeclared_fields: dict[str, Any]
) -> None:
    ana, eva = people.new(), people.new()
    body = {**undeclared_fields, "user_id": eva.id, "reason": "a stolen account"}
    assert moderator.post(f"/api/moderation/users/{ana.id}/close", json=body).status_code == 200
    assert row(engine, "users", ana.id)["disabled_at"] is not None
    assert row(engine, "users", eva.id)["disabled_at"] is None
    for person in (ana, eva, moderator):
        assert row(engine, "users", person.id)["is_moderator"] == (person is moderator)
