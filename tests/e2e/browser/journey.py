"""From sign-up to a vote, by two users in Chromium."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from operations.local import clips

from .conftest import DESK, OpenPage, sign_in
from .site import Client

CLIP_SECONDS = 20
PROCESSING_MILLISECONDS = 120_000
# Slow enough to show the progress of an upload over loopback.
SLOW_NETWORK = {"offline": False, "latency": 5, "downloadThroughput": 2_000_000, "uploadThroughput": 500_000}
SPANISH = {
    "signup": "Crear mi cuenta",
    "welcome": "¡Bienvenido a la cancha!",
    "sending": "Enviando tu video…",
    "processing": "Procesando: ",
    "ready": "Listo",
    "vote": "Votar",
    "voted": "Votaste",
    "own": "Este es tu video",
    "one vote": "1 voto",
    "no votes": "0 votos",
    "take back": "Retirar",
    "language": "English",
}
ENGLISH = {
    "signup": "Create my account",
    "welcome": "Welcome to the court!",
    "sending": "Sending your video…",
    "processing": "Processing: ",
    "ready": "Ready",
    "vote": "Vote",
    "voted": "You voted",
    "own": "This is your video",
    "one vote": "1 vote",
    "no votes": "0 votes",
    "take back": "Take back",
    "language": "Español",
}


def make_clip(folder: Path) -> Path:
    """Create a portrait clip that is long enough to show its processing."""
    return clips.make_clip(folder / "Mi jugada.mp4", seconds=CLIP_SECONDS, size="1080x1920")


def run_journey(
    language: str,
    city: str,
    *,
    open_page: OpenPage,
    new_client: Callable[..., Client],
    clip: Path,
    shoot: Callable[[Page, str], None],
) -> None:
    """Sign up, upload a clip, watch its processing, vote as another user, and find it in the ranking.

    Args:
        language: es or en.
        city: city of the player, without other players.
        open_page: function that opens a browser of a new user.
        new_client: function that creates the voter.
        clip: a portrait clip, long enough to show its processing.
        shoot: function that takes a screenshot.
    """
    texts = {"es": SPANISH, "en": ENGLISH}[language]
    # A browser that prefers English gets Spanish until the user chooses.
    player = open_page(locale="en-US")
    player.goto("/signup")
    expect(player.locator("html")).to_have_attribute("lang", "es")
    if language == "en":
        player.get_by_role("button", name="English").click()
    expect(player.locator("html")).to_have_attribute("lang", language)
    _sign_up(player, "Valentina", "Rojas", city, texts)

    player.goto("/upload")
    player.set_input_files("#video_file", clip)
    expect(player.locator("#file-about")).to_contain_text(clip.name)
    expect(player.locator("#file-about")).to_contain_text(f"{CLIP_SECONDS} s")
    player.fill("#title", "Triple desde media cancha")
    player.context.new_cdp_session(player).send("Network.emulateNetworkConditions", SLOW_NETWORK)
    player.locator("#send").click()
    expect(player.locator("#percent")).to_have_text(re.compile(r"^[2-9]\d %$"))
    expect(player.locator("#stage")).to_have_text(texts["sending"])
    assert 20 <= player.locator("#bar").evaluate("bar => bar.value") < 100
    shoot(player, f"upload-{language}-phone")

    player.wait_for_url("**/my-videos")
    expect(player.locator(".badge")).to_contain_text(texts["processing"], timeout=PROCESSING_MILLISECONDS)
    shoot(player, f"processing-{language}-phone")
    expect(player.locator(".badge")).to_have_text(texts["ready"], timeout=PROCESSING_MILLISECONDS)
    player.get_by_role("link", name="Triple desde media cancha", exact=True).click()
    video = player.url
    expect(player.locator("[data-vote]")).to_contain_text(texts["own"])
    expect(player.locator("[data-vote] button")).to_have_count(0)
    _assert_plays(player)

    voter = open_page(viewport=DESK)
    sign_in(voter, new_client("Mateo", "Arango").account)
    if language == "en":
        voter.get_by_role("button", name="English").click()
    voter.goto(video)
    voter.get_by_role("button", name=re.compile(texts["vote"])).click()
    expect(voter.locator("[data-vote]")).to_contain_text(texts["voted"])
    expect(voter.locator("[data-vote] .score")).to_have_text(texts["one vote"])
    expect(voter.locator("[data-vote] .voted")).to_be_focused()
    shoot(voter, f"video-{language}-desk")
    voter.reload()
    expect(voter.locator("[data-vote]")).to_contain_text(texts["voted"])
    voter.get_by_role("button", name=re.compile(texts["take back"])).click()
    expect(voter.locator("[data-vote] .score")).to_have_text(texts["no votes"])
    expect(voter.get_by_role("button", name=re.compile(texts["vote"]))).to_be_focused()
    voter.keyboard.press("Enter")
    expect(voter.locator("[data-vote] .score")).to_have_text(texts["one vote"])

    voter.goto("/rankings")
    voter.select_option("#city", city)
    voter.locator(".filter button").click()
    row = voter.locator(".ranks > li")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Valentina Rojas")
    expect(row.locator(".score")).to_have_text(texts["one vote"])


def _sign_up(page: Page, first_name: str, last_name: str, city: str, texts: dict[str, str]) -> None:
    for field, text in {
        "first_name": first_name,
        "last_name": last_name,
        "email": f"{uuid.uuid4().hex}@ejemplo.co",
        "city": city,
        "password1": "una-clave-larga-y-rara",
        "password2": "una-clave-larga-y-rara",
    }.items():
        page.fill(f"#{field}", text)
    page.get_by_role("button", name=texts["signup"]).click()
    expect(page.get_by_role("status")).to_contain_text(texts["welcome"])


def _assert_plays(page: Page) -> None:
    video = page.locator("video")
    video.evaluate(
        "video => new Promise((done, fail) => {"
        "  video.addEventListener('timeupdate', () => video.currentTime > 0.2 && done());"
        "  video.play().catch(fail);"
        "})"
    )
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [1280, 720]
    assert video.evaluate("video => video.duration") <= 35
