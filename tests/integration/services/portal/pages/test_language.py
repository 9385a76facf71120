"""Pages are in Spanish unless the user chose English; dates are in Colombian time."""

from __future__ import annotations

from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from ..people import People
from ..videos import Videos


def test_accept_language_does_not_change_pages(client: FlaskClient) -> None:
    page = client.get("/", headers={"Accept-Language": "en-US,en"})
    assert '<html lang="es">' in page.text
    assert "Muestra tu juego." in page.text


def test_language_choice_is_stored_in_a_cookie(client: FlaskClient) -> None:
    cookie = client.post("/language", data={"language": "en"}).headers["Set-Cookie"]
    assert cookie.startswith("language=en;")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert '<html lang="en">' in client.get("/").text
    assert "Show your game." in client.get("/").text


def test_unknown_language_is_ignored(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.post("/language", data={"language": "xx"}).headers
    client.set_cookie("language", "xx")
    assert '<html lang="es">' in client.get("/").text


def test_dates_are_in_bogota_time(client: FlaskClient, people: People, videos: Videos, engine: Engine) -> None:
    video = _uploaded_at(videos.processed(people.new(), is_public=True), "2025-03-02T03:30:00Z", engine)
    assert ">1 de marzo de 2025</time>" in client.get(f"/videos/{video}").text
    client.set_cookie("language", "en")
    assert ">March 1, 2025</time>" in client.get(f"/videos/{video}").text


def _uploaded_at(video_id: UUID, moment: str, engine: Engine) -> UUID:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE videos SET uploaded_at = :moment WHERE id = :id"), {"moment": moment, "id": video_id}
        )
    return video_id
