"""The account page, with two browsers and on every screen size."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from .conftest import DESK, PHONE, TABLET, OpenPage, choose_language, sign_in
from .site import Client

NEW = "otra-clave-larga-y-rara"


def fill(page: Page, current: str, new: str) -> None:
    page.fill("#current_password", current)
    page.fill("#password1", new)
    page.fill("#password2", new)


def test_password_change_signs_out_other_browsers(open_page: OpenPage, new_client: Callable[..., Client]) -> None:
    account = new_client("Laura", "Gómez").account
    phone = open_page()
    sign_in(phone, account)
    page = open_page(viewport=DESK)
    sign_in(page, account)
    page.get_by_role("link", name="Mi cuenta").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mi cuenta")
    fill(page, "no es mi clave", NEW)
    page.get_by_role("button", name="Cambiar mi contraseña").click()
    expect(page.locator("#current_password-error")).to_contain_text("Esta no es tu contraseña actual.")
    expect(page.locator("#current_password")).to_have_attribute("aria-invalid", "true")
    fill(page, account.password, NEW)
    page.get_by_role("button", name="Cambiar mi contraseña").click()
    expect(page.get_by_role("status")).to_contain_text("Tu contraseña cambió.")
    expect(page.locator(".sessions > li")).to_have_count(1)
    phone.goto("/profile")
    assert "/login" in phone.url


def test_user_signs_out_a_lost_phone(open_page: OpenPage, new_client: Callable[..., Client]) -> None:
    account = new_client("Andrés", "De la Hoz").account
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"
    phone, tablet = open_page(user_agent=agent), open_page(viewport=TABLET, java_script_enabled=False)
    sign_in(phone, account)
    sign_in(tablet, account)
    page = open_page(viewport=DESK, java_script_enabled=False)
    sign_in(page, account)
    choose_language(page, "en")
    page.goto("/profile")
    expect(page.locator(".sessions > li")).to_have_count(3)
    expect(page.locator(".sessions > li").first).to_contain_text("This browser")
    row = page.locator(".sessions > li", has_text="Safari, iPhone")
    row.get_by_role("button", name=re.compile("^Sign out ")).click()
    expect(page.get_by_role("status")).to_contain_text("That browser is signed out.")
    expect(page.locator(".sessions > li")).to_have_count(2)
    phone.goto("/profile")
    assert "/login" in phone.url
    page.get_by_role("button", name="Sign out everywhere else").click()
    expect(page.locator(".sessions > li")).to_have_count(1)
    expect(page.get_by_role("button", name="Sign out everywhere else")).to_have_count(0)
    tablet.goto("/profile")
    assert "/login" in tablet.url


def test_account_page_fits_every_screen(
    open_page: OpenPage, new_client: Callable[..., Client], shoot: Callable[[Page, str], None]
) -> None:
    account = new_client("María Fernanda de los Ángeles", "Villavicencio Echeverry").account
    sign_in(open_page(), account)
    page = open_page(viewport=PHONE)
    sign_in(page, account)
    for viewport in (PHONE, TABLET, DESK):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.goto("/profile", wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        small = page.locator("main button, main a, .tools button, .tools a").evaluate_all(
            "parts => parts.filter(part => part.getBoundingClientRect().height < 44).map(part => part.textContent)"
        )
        assert small == []
        shoot(page, f"account-{viewport['width']}")
        page.locator(".sessions").scroll_into_view_if_needed()
        shoot(page, f"account-sessions-{viewport['width']}")
    fill(page, "no es mi clave", "corta")
    page.locator("#password1").evaluate("field => field.form.noValidate = true")
    page.locator(".account form button").first.click()
    expect(page.locator("#password1-error")).to_be_visible()
    shoot(page, "account-wrong")
