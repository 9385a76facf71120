"""The journey in English; in Spanish it is made on the system of ./anb up, in tests/e2e/up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from .conftest import OpenPage
from .journey import make_clip, walk
from .site import Client


def test_player_uploads_and_public_votes_in_english(
    open_page: OpenPage, new_client: Callable[..., Client], shoot: Callable[[Page, str], None], tmp_path: Path
) -> None:
    walk("en", "Medellín", open_page=open_page, new_client=new_client, clip=make_clip(tmp_path), shoot=shoot)
