"""The receipt page: a summary in plain words, with technical details collapsed."""

from __future__ import annotations

import dataclasses
import re
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from services.videos.receipts import Receipt, SourceProperties, store_receipt

from ..people import People
from ..videos import FAILED_RECEIPT, PROCESSED_RECEIPT, SOURCE_PROPERTIES, Videos


def receipt_page(people: People, videos: Videos, engine: Engine, receipt: Receipt, *, language: str = "en") -> str:
    """Store a receipt for a video; return its page as the owner sees it."""
    ana = people.new()
    video_id = videos.published(ana)
    with engine.begin() as connection:
        store_receipt(connection, video_id, receipt)
    browser, _ = people.browser(ana)
    browser.set_cookie("language", language)
    answer = browser.get(f"/my-videos/{video_id}/receipt")
    assert answer.status_code == 200
    return answer.text


def sentences(page: str) -> list[str]:
    main = page[page.index("<h1>") : page.index("<details")]
    return re.findall(r"<li>(.*?)</li>", main)


def test_summary_is_in_plain_words(people: People, videos: Videos, engine: Engine) -> None:
    assert sentences(receipt_page(people, videos, engine, PROCESSED_RECEIPT)) == [
        "Your clip was 1080 × 1920 and lasted 42.4 seconds.",
        "We kept the first 30 seconds.",
        "Now it is 1280 × 720, at 30 pictures a second, with the mark of ANB.",
        "Its shape is narrower than the frame, so there is black on both sides.",
        "We left the sound out, as in all videos here.",
        "We removed the place and the device of the recording, if the file contained them.",
        "The file went from 48.2 MB to 4.62 MB.",
    ]


def test_summary_is_available_in_spanish(people: People, videos: Videos, engine: Engine) -> None:
    assert sentences(receipt_page(people, videos, engine, PROCESSED_RECEIPT, language="es")) == [
        "Tu clip medía 1080 × 1920 y duraba 42,4 segundos.",
        "Conservamos los primeros 30 segundos.",
        "Ahora mide 1280 × 720, con 30 imágenes por segundo y la marca de ANB.",
        "Es más angosto que el cuadro, por eso hay negro a los lados.",
        "Quitamos el sonido, como en todos los videos de aquí.",
        "Quitamos dónde y con qué se grabó, si el archivo lo decía.",
        "El archivo pasó de 48,2 MB a 4,62 MB.",
    ]


@pytest.mark.parametrize(
    ("changes", "expected", "absent"),
    [
        ({"rotation": 0}, "1920 × 1080", "black"),
        ({"rotation": 180}, "1920 × 1080", "black"),
        ({"rotation": 0, "width": 1440, "pixel_shape": "4/3"}, "1920 × 1080", "black"),
        ({"rotation": None, "width": 1280, "height": 360}, "black above and below", "both sides"),
        ({"seconds": 30.05}, "We kept all of it.", "We kept the first"),
        ({"seconds": None}, "Your clip was 1080 × 1920.", "lasted"),
        ({"sound": False}, "We kept", "sound"),
    ],
)
def test_summary_follows_the_receipt(
    people: People, videos: Videos, engine: Engine, changes: dict[str, object], expected: str, absent: str
) -> None:
    receipt = dataclasses.replace(PROCESSED_RECEIPT, found=dataclasses.replace(SOURCE_PROPERTIES, **changes))  # type: ignore[arg-type]
    summary = " ".join(sentences(receipt_page(people, videos, engine, receipt)))
    assert expected in summary and absent not in summary


@pytest.mark.parametrize(
    ("sound", "sentence"), [(True, "Your file has sound but no picture."), (False, "No picture was found.")]
)
def test_file_without_a_video_stream_has_one_sentence(
    people: People, videos: Videos, engine: Engine, sound: bool, sentence: str
) -> None:
    properties = SourceProperties(container="isom", streams=1, sound=sound)
    assert sentences(receipt_page(people, videos, engine, dataclasses.replace(FAILED_RECEIPT, found=properties))) == [
        sentence
    ]


def test_details_are_collapsed_and_complete(people: People, videos: Videos, engine: Engine) -> None:
    page = receipt_page(people, videos, engine, PROCESSED_RECEIPT)
    details = page[page.index("<details") : page.index("</details>")]
    assert "<details open" not in page
    for number in (
        "48,211,937",
        "a" * 64,
        "b" * 64,
        "c" * 64,
        "hevc",
        "30000/1001",
        "yuv420p",
        "-90°",
        "14.5",
        "1.2.3",
    ):
        assert number in details, number
    assert "ffmpeg -i in.mp4 out.mp4" in details


def test_failed_video_shows_reason_and_advice(people: People, videos: Videos) -> None:
    ana = people.new()
    video_id = videos.failed(ana)
    browser, _ = people.browser(ana)
    page = browser.get(f"/my-videos/{video_id}/receipt").text
    assert "Qué pasó con «Triple doble»" in page
    assert "Este archivo no es un video. Expórtalo desde tu celular" in page
    assert "d" * 64 in page and "no video stream" not in page


@pytest.mark.parametrize(("state", "message"), [("uploaded", "todavía no está listo"), ("processing", "todavía no")])
def test_unprocessed_video_shows_that_it_waits(people: People, videos: Videos, state: str, message: str) -> None:
    ana = people.new()
    video_id: UUID = getattr(videos, state)(ana)
    browser, _ = people.browser(ana)
    page = browser.get(f"/my-videos/{video_id}/receipt").text
    assert message in page and "<details" not in page


def test_file_metadata_is_escaped(people: People, videos: Videos, engine: Engine) -> None:
    properties = dataclasses.replace(SOURCE_PROPERTIES, container="<b>x", codec="<script>")
    page = receipt_page(people, videos, engine, dataclasses.replace(PROCESSED_RECEIPT, found=properties))
    assert "<b>x" not in page and "<script>" not in page


def test_receipt_is_for_its_owner_only(client: FlaskClient, people: People, videos: Videos) -> None:
    path = f"/my-videos/{videos.published(people.new())}/receipt"
    browser, _ = people.browser(people.new())
    assert browser.get(path).status_code == 403
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"].startswith("/login")) == (303, True)


def test_my_videos_link_receipts_of_finished_videos(people: People, videos: Videos) -> None:
    ana = people.new()
    done = [videos.failed(ana), videos.published(ana)]
    waiting = [videos.uploaded(ana), videos.processing(ana)]
    browser, _ = people.browser(ana)
    page = browser.get("/my-videos").text
    for video_id in done:
        assert f'href="/my-videos/{video_id}/receipt"' in page
    for video_id in waiting:
        assert f"{video_id}/receipt" not in page
