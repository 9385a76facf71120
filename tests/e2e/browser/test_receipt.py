"""The receipt of a video is readable on a phone and without scripts, and identifies the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import PHONE, OpenPage, sign_in
from .page_checks import violations, violations_in_dark
from .site import Client


@pytest.fixture
def player(new_client: Callable[..., Client], clip: Path) -> Client:
    """A player with a video and a rejected file."""
    player = new_client("Laura", "Gómez")
    player.upload(clip, "Tapón en el último segundo")
    note = clip.with_name("nota.mp4")
    note.write_text("esto no es un video")
    player.upload(note, "Archivo equivocado")
    player.wait_until_done(count=2)
    return player


def test_receipt_shows_the_hash_of_the_file(open_page: OpenPage, player: Client, clip: Path) -> None:
    page = open_page(java_script_enabled=False, viewport=PHONE)
    sign_in(page, player.account)
    page.goto("/my-videos")
    page.get_by_role("link", name="Cómo se hizo Tapón en el último segundo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cómo se hizo «Tapón en el último segundo»")
    expect(page.get_by_role("main")).to_contain_text("Lo conservamos completo.")
    numbers = page.locator("details")
    assert page.get_by_text("SHA-256").first.is_hidden()
    numbers.locator("summary").click()
    expect(numbers).to_contain_text(hashlib.sha256(clip.read_bytes()).hexdigest())
    expect(numbers).to_contain_text("-filter_complex")


def test_receipt_explains_a_rejected_file(open_page: OpenPage, player: Client) -> None:
    page = open_page(java_script_enabled=False, viewport=PHONE)
    sign_in(page, player.account)
    page.goto("/my-videos")
    page.get_by_role("link", name="Qué pasó Archivo equivocado").click()
    expect(page.get_by_role("main")).to_contain_text("Este archivo no es un video. Expórtalo desde tu celular")
    page.get_by_role("main").get_by_role("link", name="Mis videos").click()
    assert page.url.endswith("/my-videos")


def test_expanded_receipt_fits_a_phone_and_passes_axe(open_page: OpenPage, player: Client) -> None:
    page = open_page(viewport=PHONE, color_scheme="light", reduced_motion="reduce")
    sign_in(page, player.account)
    page.goto("/my-videos")
    page.get_by_role("link", name="Cómo se hizo").click()
    # With the keyboard alone.
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("-filter_complex")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(page) + violations_in_dark(page) == []
