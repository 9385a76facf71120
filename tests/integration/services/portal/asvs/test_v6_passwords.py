"""ASVS 5.0, chapter 6: long passwords are allowed, common ones rejected, and guessing is prevented."""

from __future__ import annotations

import string

import pytest
from flask.testing import FlaskClient

from services.portal.accounts import passwords
from services.portal.accounts.passwords import is_common

from ..people import PASSWORD, People, registration
from ..process import ROOT
from ..test_limits import guess

COMMON = ROOT / "services" / "portal" / "accounts" / "common_passwords.txt"
CHANGE = "/api/auth/password"


def sign_up(client: FlaskClient, password: str, email: str = "ana@example.com") -> int:
    body = registration(email=email, password1=password, password2=password)
    return client.post("/api/auth/signup", json=body).status_code


def sign_in(client: FlaskClient, password: str, email: str = "ana@example.com") -> int:
    return client.post("/api/auth/login", json={"email": email, "password": password}).status_code


@pytest.mark.asvs("6.2.1")
def test_passwords_of_8_or_more_characters_are_accepted(client: FlaskClient) -> None:
    for length in (8, 64, 73, 4096):
        password, email = ("kx7 " * length)[: length - 1] + "z", f"of{length}@example.com"
        assert sign_up(client, password, email) == 201, length
        assert sign_in(client, password, email) == 200, length


@pytest.mark.asvs("6.2.1")
def test_passwords_under_8_characters_are_rejected(client: FlaskClient) -> None:
    for password in ("", "k", "kx7zq1w", "ñandú🏀k"):
        assert len(password) < 8
        assert sign_up(client, password) == 400, password


def change(**changes: str) -> dict[str, str]:
    return {"current_password": PASSWORD, "password1": "a longer one", "password2": "a longer one", **changes}


def common_passwords(count: int) -> list[str]:
    lines = COMMON.read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")][:count]


@pytest.mark.asvs("6.2.4")
def test_3000_most_common_passwords_are_recognized() -> None:
    first = common_passwords(3000)
    assert len(first) == 3000 and all(len(password) >= 8 for password in first)
    for password in first:
        assert is_common(password) and is_common(password.upper()) and is_common(password.capitalize())


@pytest.mark.asvs("6.2.4")
def test_common_passwords_are_rejected_at_sign_up_and_change(client: FlaskClient, people: People) -> None:
    ana = people.new()
    for password in (*common_passwords(20), "PassWord", "contraseña"):
        body = registration(password1=password, password2=password)
        answer = client.post("/api/auth/signup", json=body)
        assert (answer.status_code, "too common" in answer.text) == (400, True), password
        answer = ana.post(CHANGE, json=change(password1=password, password2=password))
        assert "too common" in answer.text, password


@pytest.mark.asvs("6.2.5")
def test_no_character_classes_are_required(client: FlaskClient) -> None:
    letters = [alphabet[:1] + alphabet[3:17] for alphabet in (string.ascii_lowercase, string.ascii_uppercase)]
    others = ["724913058264713", "%&/()=?*+~#'-_.", "ññññññññóóóóóóó", "               k", "🏀" * 8]
    for number, password in enumerate(letters + others):
        assert sign_up(client, password, f"person{number}@example.com") == 201, password


@pytest.mark.asvs("6.2.9")
def test_passwords_are_compared_exactly(client: FlaskClient) -> None:
    """Passwords are not trimmed, truncated or case-folded; bcrypt would read only 72 bytes."""
    candidates = (" kx7zq1wv ", "K" * 71 + "xyz", "a\tb\nc\rdefgh", "e\u0301" * 8, "🏀" * 30 + "a")
    for number, password in enumerate(candidates):
        email = f"person{number}@example.com"
        assert sign_up(client, password, email) == 201
        assert sign_in(client, password, email) == 200
        for other in (password[:-1], password.strip(), password.swapcase(), password.replace("e\u0301", "é")):
            if other != password:
                assert sign_in(client, other, email) == 401, ascii(other)


@pytest.mark.asvs("6.2.12")
def test_passwords_from_public_leaks_are_rejected(client: FlaskClient) -> None:
    """The list is built from leak statistics and shipped with the code: no instance contacts another host."""
    head = COMMON.read_text("utf-8").splitlines()[:12]
    assert any("zxcvbn" in line for line in head if line.startswith("#"))
    for leaked in ("iloveyou", "password1", "qwertyuiop", "1q2w3e4r", "trustno1", "football1"):
        assert sign_up(client, leaked) == 400, leaked


def response_shape(client: FlaskClient, email: str) -> tuple[int, object, list[str]]:
    answer = guess(client, email)
    return answer.status_code, answer.json, sorted(name for name, _ in answer.headers)


@pytest.mark.asvs("6.3.1")
def test_unknown_email_and_wrong_password_look_the_same(
    client: FlaskClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both cost the same time: a full hash, which takes nearly all of it, is compared in either case."""
    ana, compared = people.new(), []
    hasher = passwords._HASHER

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            compared.append(stored.rsplit("$", 2)[0])
            return hasher.verify(stored, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    answer = response_shape(client, ana.email)
    assert answer == response_shape(client, "unknown@example.com")
    assert answer[:2] == (401, {"message": "", "error": "Invalid credentials"})
    assert len(compared) == 2 and compared[0] == compared[1]
