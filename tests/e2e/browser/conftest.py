"""A running system, Chromium, and users."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect, sync_playwright

from operations.local import clips
from workspace.browser import find_chromium
from workspace.postgres import Cluster

from . import scene
from .scene import Scene
from .site import Account, Client, Site, running

# Variable with the folder for the screenshots of the docs; without it, none are taken.
SCREENSHOTS = "ANB_SCREENSHOTS"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 780}
TABLET = {"width": 768, "height": 1024}
DESK = {"width": 1440, "height": 900}
OWNER = "anb"
SAFETY_MILLISECONDS = 300_000
"""Timeout of all waits; long, because a busy machine is slow."""
expect.set_options(timeout=SAFETY_MILLISECONDS)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def site(
    postgres_server: Cluster, migrated_template: str, aws_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Portal and worker with their own database, bucket and queue, shared by all tests.

    Each test uses its own users and cities, or the data of `filled`.
    """
    with new_site(postgres_server, migrated_template, aws_port, tmp_path_factory.mktemp("site")) as site:
        yield site


@contextmanager
def new_site(server: Cluster, template: str, aws_port: int, folder: Path) -> Iterator[Site]:
    """Start a site without data."""
    name = f"browser_{uuid.uuid4().hex}"
    server.copy_database(name, template=template, owner=OWNER)
    with running(server.url(name, user=OWNER), aws_port, folder) as site:
        yield site


@pytest.fixture(scope="session")
def filled(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The site with content on every page."""
    return scene.set_up(site, tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, site: Site) -> Iterator[OpenPage]:
    """A function that opens a browser of a new user; its errors and warnings fail the test.

    Chromium reports violations of the content security policy as console errors. Error responses and network
    failures appear there too and are ignored; tests that cause them check the page.
    """
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_browser(*, viewport: dict[str, int] | None = None, **options: object) -> Page:
        context = chromium.new_context(base_url=site.url, viewport=viewport or PHONE, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SAFETY_MILLISECONDS)
        page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
        page.on("console", lambda message: problems.extend(_console_problem(page, message)))
        page.on("response", lambda answer: problems.extend(_missing_asset(answer)))
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert problems == []


def _console_problem(page: Page, message: ConsoleMessage) -> list[str]:
    expected = message.type not in ("error", "warning") or message.text.startswith("Failed to load resource")
    return [] if expected else [f"{page.url}: {message.text}"]


def _missing_asset(answer: Response) -> list[str]:
    return [f"{answer.url}: {answer.status}"] if "/static/" in answer.url and answer.status >= 400 else []


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short clip."""
    return clips.make_clip(tmp_path_factory.mktemp("clips") / "jugada.mp4", seconds=1, size="640x360")


@pytest.fixture
def new_client(site: Site) -> Callable[..., Client]:
    """A function that creates users of the API."""

    def create(first_name: str, last_name: str, city: str = "Bogotá") -> Client:
        return Client(site, Account(first_name, last_name, city, f"{uuid.uuid4().hex}@ejemplo.co"))

    return create


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """A function that takes a screenshot if ``ANB_SCREENSHOTS`` is set."""
    folder = os.environ.get(SCREENSHOTS)

    def take(page: Page, name: str) -> None:
        page.evaluate("document.fonts.ready")
        if folder:
            # The spinner of the video player fades out after the video has loaded.
            page.wait_for_timeout(1000)
            page.screenshot(path=Path(folder) / f"{name}.png")

    return take


def choose_language(page: Page, language: str) -> None:
    """Switch the page to a language; Spanish is the default."""
    if language == "en":
        page.get_by_role("button", name="English").click()
        page.locator("html[lang=en]").wait_for()


def sign_in(page: Page, account: Account) -> None:
    """Sign a user in with the form."""
    page.goto("/login")
    page.fill("#email", account.email)
    page.fill("#password", account.password)
    page.click("main form button")
    page.wait_for_url("**/gallery")
