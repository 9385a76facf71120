"""Reading, signing up, signing in and voting without scripts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import OpenPage, choose_language, sign_in
from .site import Client


@pytest.fixture
def video(new_client: Callable[..., Client], clip: Path) -> str:
    """The id of a video open for voting, the only one of its city."""
    player = new_client("Laura", "Gómez", "Yopal")
    video_id = player.upload(clip, "Tapón en el último segundo")
    player.wait_until_done(count=1)
    return video_id


def test_new_user_votes(open_page: OpenPage, video: str) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"/videos/{video}")
    page.get_by_role("link", name="Votar").click()
    page.get_by_role("link", name="Crea una, es gratis").click()
    for field, text in {
        "first_name": "Mateo",
        "last_name": "Arango",
        "email": f"{uuid.uuid4().hex}@ejemplo.co",
        "city": "Cali",
        "password1": "una-clave-larga-y-rara",
        "password2": "una-clave-larga-y-rara",
    }.items():
        page.fill(f"#{field}", text)
    page.get_by_role("button", name="Crear mi cuenta").click()
    # Redirected back to the video.
    assert page.url.endswith(f"/videos/{video}")
    page.get_by_role("button", name="Votar").click()
    expect(page.get_by_role("status")).to_contain_text("Tu voto cuenta. ¡Gracias!")
    expect(page.locator("[data-vote]")).to_contain_text("Votaste")
    expect(page.locator("[data-vote] .score")).to_have_text("1 voto")
    # A notice is shown once.
    page.goto(f"/videos/{video}")
    expect(page.get_by_role("status")).to_have_count(0)


def test_user_signs_in_and_out(open_page: OpenPage, new_client: Callable[..., Client]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/")
    choose_language(page, "en")
    sign_in(page, new_client("Camila", "Valencia").account)
    page.goto("/my-videos")
    expect(page.get_by_role("heading", level=2)).to_have_text("Your court is waiting")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("You signed out.")
    page.goto("/my-videos")
    assert "/login" in page.url
    expect(page.get_by_role("status")).to_contain_text("Sign in to go on.")


def test_wrong_password_is_reported_and_email_kept(open_page: OpenPage, new_client: Callable[..., Client]) -> None:
    account = new_client("Camila", "Valencia").account
    page = open_page(java_script_enabled=False)
    page.goto("/login")
    page.fill("#email", account.email)
    page.fill("#password", "otra-clave-larga")
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("alert")).to_have_text("El correo o la contraseña no son correctos.")
    expect(page.locator("#email")).to_have_value(account.email)
    expect(page.locator("#password")).to_have_value("")


def test_each_field_shows_its_error(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/signup")
    # Bypasses the browser's own validation.
    answer = page.request.post("/signup", form={"first_name": "A", "email": "nada", "password1": "corta"})
    assert answer.status == 400
    page.set_content(answer.text())
    for field, sentence in {
        "first_name": "Esto es demasiado corto.",
        "last_name": "Completa este campo.",
        "email": "Escribe un correo como nombre@ejemplo.com.",
        "password1": "Usa al menos 8 caracteres.",
    }.items():
        expect(page.locator(f"#{field}-error")).to_have_text(sentence)
        expect(page.locator(f"#{field}")).to_have_attribute("aria-invalid", "true")
        assert f"{field}-error" in (page.locator(f"#{field}").get_attribute("aria-describedby") or "")


def test_upload_page_says_that_it_needs_scripts(open_page: OpenPage, new_client: Callable[..., Client]) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, new_client("Camila", "Valencia").account)
    page.goto("/upload")
    expect(page.get_by_text("Para subir videos se necesitan los scripts.")).to_be_visible()
    expect(page.locator("#upload")).to_be_hidden()


def test_city_is_chosen_with_a_form(open_page: OpenPage, video: str) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/gallery")
    page.select_option("#city", "Yopal")
    page.get_by_role("button", name="Buscar").click()
    assert "city=Yopal" in page.url
    expect(page.locator(".card").first).to_contain_text("Laura Gómez")
