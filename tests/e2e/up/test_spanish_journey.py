"""Two users in Chromium, in Spanish, on the system of ./anb up; tests/e2e/browser has the journey in English."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.browser.conftest import OpenPage
from tests.e2e.browser.journey import run_journey
from tests.e2e.browser.site import Client


def test_player_uploads_and_public_votes_in_spanish(
    open_page: OpenPage, new_client: Callable[..., Client], long_clip: Path, shoot: Callable[[Page, str], None]
) -> None:
    run_journey("es", "Cali", open_page=open_page, new_client=new_client, clip=long_clip, shoot=shoot)
