"""The journey in English; tests/e2e/up has the journey in Spanish, on the system of ./anb up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from .conftest import OpenPage
from .journey import make_clip, run_journey
from .site import Client


def test_player_uploads_and_public_votes_in_english(
    open_page: OpenPage, new_client: Callable[..., Client], shoot: Callable[[Page, str], None], tmp_path: Path
) -> None:
    run_journey("en", "Medellín", open_page=open_page, new_client=new_client, clip=make_clip(tmp_path), shoot=shoot)
