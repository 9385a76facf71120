"""The language of error texts: the contract's English unless the client accepts Spanish."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from .people import registration


@pytest.mark.parametrize("accepted", [None, "", "en", "en-US,es;q=0.5", "fr", "*", "es;q=0", "\u00f1"])
def test_errors_are_english_without_accept_language_spanish(client: FlaskClient, accepted: str | None) -> None:
    headers = {} if accepted is None else {"Accept-Language": accepted}
    answer = client.get("/api/videos", headers=headers)
    assert answer.data == b'{"message":"","error":"Authorization header required"}\n'
    assert (answer.status_code, answer.headers["Content-Language"]) == (401, "en")
    assert "Accept-Language" in answer.vary


@pytest.mark.parametrize("accepted", ["es", "es-CO,es;q=0.9,en;q=0.8", "ES", "fr,es-419;q=0.5"])
def test_errors_are_spanish_with_accept_language_spanish(client: FlaskClient, accepted: str) -> None:
    answer = client.get("/api/videos", headers={"Accept-Language": accepted})
    assert answer.json == {"message": "", "error": "Falta el encabezado Authorization"}
    assert (answer.status_code, answer.headers["Content-Language"]) == (401, "es")
    assert "Accept-Language" in answer.vary


def test_validation_errors_are_translated(client: FlaskClient) -> None:
    body = registration(email="no address", password1="short")
    spanish = client.post("/api/auth/signup", json=body, headers={"Accept-Language": "es"})
    assert spanish.json == {
        "message": "",
        "error": "Los datos no son válidos: email: Escribe un correo como nombre@ejemplo.com.\n"
        "password1: Usa al menos 8 caracteres.",
    }
    english = client.post("/api/auth/signup", json=body)
    assert english.json == {
        "message": "",
        "error": "Validation failed: Key: 'UserRegistration.Email' Error:Field validation for 'Email' failed on the "
        "'email' tag\nKey: 'UserRegistration.Password1' Error:Field validation for 'Password1' failed on the 'min' tag",
    }


def test_success_message_is_english_in_any_language(client: FlaskClient) -> None:
    answer = client.post("/api/auth/signup", json=registration(), headers={"Accept-Language": "es"})
    assert answer.data == b'{"message":"User created successfully"}\n'
