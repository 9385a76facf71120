"""Interrupted uploads continue after a pause, a network failure or a closed page; only missing parts are sent."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Request, Route, expect

from services.videos.uploads import PART_BYTES

from .conftest import DESK, OpenPage, sign_in
from .site import Client

PARTS = 4
# The state of an upload, including parts that S3 received just before the page was left.
STATE = re.compile(r"/api/videos/uploads/[0-9a-f-]{36}$")
TITLE = "Asistencia sin mirar"
# Four parts take about six seconds: long enough to interrupt, short enough to wait for.
SLOW_NETWORK = {"offline": False, "latency": 5, "downloadThroughput": 5_000_000, "uploadThroughput": 3_000_000}
NO_NETWORK = {**SLOW_NETWORK, "offline": True}
# Holds requests back inside the page, because Playwright's events arrive too late.
HOLD = """(first) => {
  const { open, send, abort } = XMLHttpRequest.prototype;
  const held = new Map();
  window.release = () => {
    first = Infinity;
    for (const [request, body] of held) send.call(request, body);
    held.clear();
  };
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.part = Number(new URL(url, location).searchParams.get("partNumber"));
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (this.part >= first) held.set(this, body);
    else send.call(this, body);
  };
  XMLHttpRequest.prototype.abort = function () {
    if (held.delete(this)) this.dispatchEvent(new ProgressEvent("abort"));
    else abort.call(this);
  };
}"""
FULL_NETWORK = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


@dataclass
class Traffic:
    """The uploads of parts to the bucket.

    Args:
        started: part numbers of the requests, in order.
        arrived: part numbers that S3 accepted.
    """

    started: list[int] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)


def record_traffic(page: Page) -> Traffic:
    """Record the parts that are sent from now on."""
    traffic = Traffic()

    def part_numbers(request: Request) -> list[int]:
        numbers = parse_qs(urlsplit(request.url).query).get("partNumber", [])
        return [int(numbers[0])] if request.method == "PUT" and numbers else []

    page.on("request", lambda request: traffic.started.extend(part_numbers(request)))
    page.on("response", lambda answer: traffic.arrived.extend(part_numbers(answer.request) if answer.ok else []))
    return traffic


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Path:
    """A clip of four parts, padded with a "free" box, which players skip."""
    path = tmp_path_factory.mktemp("clips") / "partido.mp4"
    content = clip.read_bytes()
    padding = (PARTS - 1) * PART_BYTES + 1000 - len(content)
    path.write_bytes(content + struct.pack(">I4s", padding, b"free") + bytes(padding - 8))
    return path


@pytest.fixture
def player(new_client: Callable[..., Client]) -> Client:
    return new_client("Camila", "Valencia", "Cali")


@pytest.fixture
def page(open_page: OpenPage, player: Client) -> Page:
    """The upload page, opened by the player."""
    page = open_page()
    sign_in(page, player.account)
    page.goto("/upload")
    page.fill("#title", TITLE)
    return page


@pytest.fixture
def limit(page: Page) -> Iterator[Callable[[dict[str, object]], None]]:
    """A function that sets the speed of the page's network."""
    session = page.context.new_cdp_session(page)
    yield lambda network: session.send("Network.emulateNetworkConditions", network)


def send_parts(page: Page, file: Path, traffic: Traffic, parts: int) -> None:
    """Send the first parts of a file; the page holds the rest back until ``release()`` is called."""
    page.evaluate(HOLD, parts + 1)
    page.set_input_files("#video_file", file)
    page.locator("#send").click()
    expect(page.locator("#stage")).to_have_text("Enviando tu video…")
    while len(traffic.arrived) < parts:
        page.wait_for_event("requestfinished")
    assert sorted(traffic.started) == list(range(1, parts + 1))


def assert_one_video(page: Page, player: Client) -> None:
    page.wait_for_url("**/my-videos")
    expect(page.locator(".mine > li")).to_have_count(1)
    expect(page.locator(".mine h2")).to_have_text(TITLE)
    player.wait_until_done(count=1)
    expect(page.locator(".badge")).to_have_text("Listo")
    page.goto("/upload")
    expect(page.locator("#waiting")).to_have_count(0)


def test_file_is_sent_in_parallel_parts(page: Page, player: Client, long_clip: Path) -> None:
    traffic = record_traffic(page)
    page.set_input_files("#video_file", long_clip)
    page.locator("#send").click()
    assert_one_video(page, player)
    assert sorted(traffic.started) == list(range(1, PARTS + 1))


def test_paused_upload_continues_with_missing_parts(
    page: Page,
    player: Client,
    long_clip: Path,
    shoot: Callable[[Page, str], None],
) -> None:
    traffic = record_traffic(page)
    send_parts(page, long_clip, traffic, 1)
    page.get_by_role("button", name="Pausar").click()
    expect(page.locator("#stage")).to_have_text("En pausa")
    expect(page.get_by_role("button", name="Continuar")).to_be_focused()
    shoot(page, "upload-paused-phone")
    page.evaluate("release()")
    with page.expect_response(STATE) as state:
        page.keyboard.press("Enter")
    missing = state.value.json()["missing"]
    assert_one_video(page, player)
    assert missing == [2, 3, 4]
    assert sorted(traffic.started) == [1, *missing]


def test_upload_continues_after_a_reload(
    page: Page,
    player: Client,
    long_clip: Path,
    shoot: Callable[[Page, str], None],
) -> None:
    traffic = record_traffic(page)
    send_parts(page, long_clip, traffic, 2)
    page.reload()
    waiting = page.locator("#waiting li")
    expect(waiting).to_contain_text(TITLE)
    expect(waiting).to_contain_text("partido.mp4 · 15,0 MB")
    expect(waiting.locator("progress")).to_have_attribute("value", re.compile(r"^[2-9]\d$"))
    shoot(page, "upload-waiting-phone")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=f"Continuar {TITLE}").click()
    with page.expect_response(STATE) as state:
        chooser.value.set_files(long_clip)
    missing = state.value.json()["missing"]
    assert_one_video(page, player)
    assert missing == [3, 4]
    assert sorted(traffic.started) == [1, 2, *missing]


def test_upload_continues_on_another_device(
    page: Page,
    player: Client,
    long_clip: Path,
    tmp_path: Path,
    open_page: OpenPage,
) -> None:
    traffic = record_traffic(page)
    send_parts(page, long_clip, traffic, 1)
    page.close()
    other = open_page(viewport=DESK)
    sign_in(other, player.account)
    other.goto("/upload")
    renamed = tmp_path / "copia del partido.mp4"
    renamed.write_bytes(long_clip.read_bytes())
    other_traffic = record_traffic(other)
    with other.expect_file_chooser() as chooser:
        other.get_by_role("button", name=f"Continuar {TITLE}").click()
    chooser.value.set_files(renamed)
    assert_one_video(other, player)
    assert sorted(other_traffic.started) == [2, 3, 4]


def test_upload_resumes_when_the_network_returns(
    page: Page, player: Client, long_clip: Path, limit: Callable[[dict[str, object]], None]
) -> None:
    traffic = record_traffic(page)
    send_parts(page, long_clip, traffic, 1)
    limit(NO_NETWORK)
    page.evaluate("release()")
    expect(page.locator("#stage")).to_have_text("Esperando la conexión…")
    limit(FULL_NETWORK)
    assert_one_video(page, player)
    assert sorted(traffic.arrived) == list(range(1, PARTS + 1))


def test_rejected_part_is_signed_and_sent_again(page: Page, player: Client, long_clip: Path) -> None:
    traffic = record_traffic(page)
    rejected: list[str] = []

    def reject_once(route: Route) -> None:
        if route.request.method == "PUT" and not rejected:
            rejected.append(route.request.url)
            route.fulfill(status=403, headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.continue_()

    page.route(re.compile("partNumber=2"), reject_once)
    page.set_input_files("#video_file", long_clip)
    page.locator("#send").click()
    assert_one_video(page, player)
    assert len(rejected) == 1
    assert sorted(traffic.started) == [1, 2, 2, 3, 4]


def test_lost_answer_to_complete_creates_one_video(page: Page, player: Client, clip: Path) -> None:
    lost: list[int] = []

    def lose_once(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().status)
            route.abort("connectionreset")

    page.route("**/complete", lose_once)
    page.set_input_files("#video_file", clip)
    page.locator("#send").click()
    assert_one_video(page, player)
    assert lost == [201]


def test_upload_does_not_continue_with_another_file(page: Page, long_clip: Path, tmp_path: Path) -> None:
    traffic = record_traffic(page)
    send_parts(page, long_clip, traffic, 1)
    page.reload()
    other = tmp_path / "partido.mp4"
    content = bytearray(long_clip.read_bytes())
    content[40:60] = b"x" * 20
    other.write_bytes(content)
    before = len(traffic.started)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=f"Continuar {TITLE}").click()
    chooser.value.set_files(other)
    expect(page.get_by_role("alert")).to_contain_text("Este es otro archivo. Para continuar, elige «partido.mp4»")
    assert len(traffic.started) == before


def test_interrupted_upload_can_be_discarded(page: Page, long_clip: Path) -> None:
    traffic = record_traffic(page)
    send_parts(page, long_clip, traffic, 1)
    page.reload()
    page.get_by_role("button", name=f"Descartar {TITLE}").click()
    expect(page.get_by_role("status").first).to_contain_text("La subida se descartó.")
    expect(page.locator("#waiting")).to_have_count(0)


def test_progress_is_announced_by_quarters(
    page: Page, player: Client, long_clip: Path, limit: Callable[[dict[str, object]], None]
) -> None:
    page.evaluate(
        "() => { window.spoken = []; new MutationObserver(() => window.spoken.push("
        "document.getElementById('spoken').textContent)).observe(document.getElementById('spoken'), "
        "{ childList: true }); }"
    )
    limit(SLOW_NETWORK)
    # Without an answer to the last request, the page stays.
    page.route("**/complete", lambda route: None)
    page.set_input_files("#video_file", long_clip)
    page.locator("#send").click()
    expect(page.locator("#stage")).to_have_text("Revisando lo que llegó…")
    spoken = [text for text in page.evaluate("window.spoken") if text]
    assert 2 <= len(spoken) <= 4
    assert all(re.fullmatch(r"\d+ % enviado", text) for text in spoken)
