"""The language of errors: the contract's English, unless the caller asks for Spanish."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from .people import registration


@pytest.mark.parametrize("wish", [None, "", "en", "en-US,es;q=0.5", "fr", "*", "es;q=0", "\u00f1"])
def test_without_a_wish_for_spanish_the_contracts_bytes_are_answered(client: FlaskClient, wish: str | None) -> None:
    headers = {} if wish is None else {"Accept-Language": wish}
    answer = client.get("/api/videos", headers=headers)
    assert answer.data == b'{"message":"","error":"Authorization header required"}\n'
    assert (answer.status_code, answer.headers["Content-Language"]) == (401, "en")
    assert "Accept-Language" in answer.vary


@pytest.mark.parametrize("wish", ["es", "es-CO,es;q=0.9,en;q=0.8", "ES", "fr,es-419;q=0.5"])
def test_who_asks_for_spanish_is_told_in_spanish(client: FlaskClient, wish: str) -> None:
    answer = client.get("/api/videos", headers={"Accept-Language": wish})
    assert answer.json == {"message": "", "error": "Falta el encabezado Authorization"}
    assert (answer.status_code, answer.headers["Content-Language"]) == (401, "es")
    assert "Accept-Language" in answer.vary


def test_broken_fields_are_told_in_sentences(client: FlaskClient) -> None:
    body = registration(email="nobody", password1="short")
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


def test_what_is_granted_reads_as_the_contract_says_in_any_language(client: FlaskClient) -> None:
    answer = client.post("/api/auth/signup", json=registration(), headers={"Accept-Language": "es"})
    assert answer.data == b'{"message":"User created successfully"}\n'
