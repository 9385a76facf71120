"""Failed uploads: the messages to the user, and that nothing is left behind."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from operations.local import clips
from workspace.ports import LOOPBACK

from .conftest import OpenPage, sign_in
from .site import MAX_UPLOAD_BYTES, Client

SLOW_NETWORK = {"offline": False, "latency": 5, "downloadThroughput": 2_000_000, "uploadThroughput": 500}


@pytest.fixture
def player(new_client: Callable[..., Client]) -> Client:
    return new_client("Andrés", "De la Hoz", "Barranquilla")


@pytest.fixture
def other_site() -> Iterator[str]:
    """A site of another origin."""
    with ThreadingHTTPServer((LOOPBACK, 0), SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOOPBACK}:{server.server_port}/README.md"
        server.shutdown()


@pytest.fixture
def page(open_page: OpenPage, player: Client) -> Page:
    """The upload page, opened by the player."""
    page = open_page()
    sign_in(page, player.account)
    page.goto("/upload")
    page.fill("#title", "Asistencia sin mirar")
    return page


def sent_requests(page: Page) -> list[str]:
    """Record requests other than GET from now on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method != "GET" else None)
    return sent


def test_form_keeps_its_place_while_the_script_loads(open_page: OpenPage, player: Client) -> None:
    page = open_page()
    sign_in(page, player.account)
    held: list[Route] = []
    page.route("**/js/upload.js", lambda route: held.append(route))
    page.goto("/upload", wait_until="commit")
    skeleton = page.locator(".skeleton")
    expect(skeleton).to_be_visible()
    expect(page.locator("#upload")).to_be_hidden()
    before = skeleton.bounding_box()
    assert before is not None
    for _ in range(6000):
        if held:
            break
        page.wait_for_timeout(50)
    held[0].continue_()
    expect(page.locator("#upload")).to_be_visible()
    expect(skeleton).to_be_hidden()
    after = page.locator("#upload").bounding_box()
    assert after is not None and (after["x"], after["y"], after["width"]) == (before["x"], before["y"], before["width"])


def test_text_file_named_mp4_is_rejected_before_sending(page: Page, tmp_path: Path) -> None:
    note = tmp_path / "notas.mp4"
    note.write_text("esto no es un video")
    sent = sent_requests(page)
    page.set_input_files("#video_file", note)
    expect(page.get_by_role("alert")).to_contain_text("Este archivo no es un video MP4 o MOV.")
    page.locator("#send").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert sent == []


def test_too_large_file_is_rejected_before_sending(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "larga.mp4"
    with large.open("wb") as file:
        file.truncate(MAX_UPLOAD_BYTES + 1)
    sent = sent_requests(page)
    page.set_input_files("#video_file", large)
    expect(page.get_by_role("alert")).to_contain_text("Este archivo pesa 40,0 MB; el máximo que aceptamos es 40 MB.")
    page.locator("#send").click()
    assert sent == []


def test_too_short_clip_is_rejected_before_sending(page: Page, tmp_path: Path) -> None:
    sent = sent_requests(page)
    page.set_input_files("#video_file", clips.make_clip(tmp_path / "corta.mp4", seconds=0.2, size="320x180"))
    expect(page.get_by_role("alert")).to_contain_text("Este video dura menos de medio segundo.")
    page.locator("#send").click()
    assert sent == []


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("vacia.mp4", b"", "Este archivo está vacío."),
        ("foto.jpg", b"\xff\xd8\xff", "Este archivo no es un video MP4 o MOV."),
    ],
)
def test_other_files_are_rejected_with_a_reason(
    name: str, content: bytes, sentence: str, page: Page, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    page.set_input_files("#video_file", tmp_path / name)
    expect(page.get_by_role("alert")).to_contain_text(sentence)


def test_clip_without_a_title_is_not_sent(page: Page, clip: Path) -> None:
    page.fill("#title", "  no  ")
    page.set_input_files("#video_file", clip)
    sent = sent_requests(page)
    page.locator("#send").click()
    expect(page.get_by_role("alert")).to_contain_text("Ponle al video un título de 5 a 100 caracteres.")
    assert sent == []


def test_upload_can_be_cancelled(page: Page, clip: Path) -> None:
    page.set_input_files("#video_file", clip)
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW_NETWORK)
    page.locator("#send").click()
    page.get_by_role("button", name="Cancelar").click()
    expect(page.get_by_role("alert")).to_contain_text("Cancelaste la subida. No se publicó nada.")
    expect(page.locator("#send")).to_be_enabled()
    page.goto("/my-videos")
    expect(page.locator(".empty")).to_contain_text("La cancha te espera")
    page.goto("/upload")
    expect(page.locator("#waiting")).to_have_count(0)


def put_from(page: Page, link: str, clip: Path) -> str | int:
    """Send a file from a page; return the status, or the name of the error."""
    sent: str | int = page.evaluate(
        """async ([link, text]) => {
          const body = new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]);
          return fetch(link, { method: "PUT", body }).then((answer) => answer.status, (problem) => problem.name);
        }""",
        [link, base64.b64encode(clip.read_bytes()).decode()],
    )
    return sent


def test_page_of_another_origin_cannot_upload(
    chromium: Browser, page: Page, player: Client, clip: Path, other_site: str
) -> None:
    """The bucket's CORS rule allows the portal's origin only, and S3 refuses the preflight of any other."""
    link = player.begin_upload(clip, "Asistencia sin mirar")
    other = chromium.new_context().new_page()
    refused: list[str] = []
    other.on("console", lambda message: refused.append(message.text))
    other.goto(other_site)
    assert put_from(other, link, clip) == "TypeError"
    assert any("has been blocked by CORS policy" in text for text in refused)
    other.context.close()
    page.goto("/upload")
    expect(page.locator("#waiting progress")).to_have_attribute("value", "0")
    assert put_from(page, link, clip) == 200
    page.reload()
    expect(page.locator("#waiting progress")).to_have_attribute("value", "100")


def test_processing_failure_is_explained(open_page: OpenPage, player: Client, tmp_path: Path) -> None:
    note = tmp_path / "notas.mp4"
    note.write_text("esto no es un video")
    player.upload(note, "Archivo equivocado")
    page = open_page()
    sign_in(page, player.account)
    page.goto("/my-videos")
    expect(page.locator(".badge")).to_have_text("No se pudo procesar")
    expect(page.locator(".mine")).to_contain_text("Este archivo no es un video.")
    page.get_by_role("button", name="English").click()
    expect(page.locator(".mine")).to_contain_text("This file is not a video.")
