"""A running system, Chromium in front of it, and people who use it."""

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

# Where screenshots for the docs go; none is taken where it is not set.
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
"""After this long something is taken for broken; a busy machine is slow and not wrong."""
expect.set_options(timeout=SAFETY_MILLISECONDS)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def site(
    postgres_server: Cluster, migrated_template: str, aws_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Portal and worker, with a database, a bucket and a queue of their own.

    One for all tests: each looks at people and cities of its own, or at those of `filled`.
    """
    with new_site(postgres_server, migrated_template, aws_port, tmp_path_factory.mktemp("site")) as site:
        yield site


@contextmanager
def new_site(server: Cluster, template: str, aws_port: int, folder: Path) -> Iterator[Site]:
    """A site that nobody has used."""
    name = f"browser_{uuid.uuid4().hex}"
    server.copy_database(name, template=template, owner=OWNER)
    with running(server.url(name, user=OWNER), aws_port, folder) as site:
        yield site


@pytest.fixture(scope="session")
def filled(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The site with something to show on every page."""
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
    """Opens a browser of a new person; what it complains of fails the test.

    Chromium reports violations of the content security policy as console errors. That a page was answered with
    an error, or that the network was lost, it writes there too; the tests that ask for it look at the page.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(*, viewport: dict[str, int] | None = None, **options: object) -> Page:
        context = chromium.new_context(base_url=site.url, viewport=viewport or PHONE, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SAFETY_MILLISECONDS)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda message: complaints.extend(_complaint(page, message)))
        page.on("response", lambda answer: complaints.extend(_missing_part(answer)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def _complaint(page: Page, message: ConsoleMessage) -> list[str]:
    expected = message.type not in ("error", "warning") or message.text.startswith("Failed to load resource")
    return [] if expected else [f"{page.url}: {message.text}"]


def _missing_part(answer: Response) -> list[str]:
    return [f"{answer.url}: {answer.status}"] if "/static/" in answer.url and answer.status >= 400 else []


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short clip as a phone makes them."""
    return clips.make_clip(tmp_path_factory.mktemp("clips") / "jugada.mp4", seconds=1, size="640x360")


@pytest.fixture
def new_client(site: Site) -> Callable[..., Client]:
    """Makes people who use the API, to set the scene."""

    def make(first_name: str, last_name: str, city: str = "Bogotá") -> Client:
        return Client(site, Account(first_name, last_name, city, f"{uuid.uuid4().hex}@ejemplo.co"))

    return make


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Takes a screenshot of what the person sees, where screenshots are wanted."""
    folder = os.environ.get(SCREENSHOTS)

    def take(page: Page, name: str) -> None:
        page.evaluate("document.fonts.ready")
        if folder:
            # The player's own spinner fades away after the video is there.
            page.wait_for_timeout(1000)
            page.screenshot(path=Path(folder) / f"{name}.png")

    return take


def choose(page: Page, language: str) -> None:
    """Read the page in a language; Spanish is what it is in already."""
    if language == "en":
        page.get_by_role("button", name="English").click()
        page.locator("html[lang=en]").wait_for()


def sign_in(page: Page, account: Account) -> None:
    """Sign a person in by the form."""
    page.goto("/login")
    page.fill("#email", account.email)
    page.fill("#password", account.password)
    page.click("main form button")
    page.wait_for_url("**/gallery")
