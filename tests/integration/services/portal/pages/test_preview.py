"""Link previews (Open Graph tags): absolute URLs, image and video, in the page's language."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from ..asvs.markup import elements
from ..people import People
from ..videos import Videos


def preview(client: FlaskClient, path: str) -> dict[str, str]:
    """Return the content of a page's meta tags by name."""
    answer = client.get(path, headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == 200
    metas = [element.attributes for element in elements(answer.text) if element.tag == "meta"]
    named = [(tag.get("property") or tag.get("name"), tag.get("content")) for tag in metas]
    tags = {str(name): str(content) for name, content in named if name}
    assert len(tags) == len([name for name, _ in named if name]), "a meta tag occurs twice"
    return tags


@pytest.mark.parametrize(
    ("language", "locale", "description"),
    [
        ("es", "es_CO", "Ana Díaz, de Cali, juega por tu voto: Triple <doble>"),
        ("en", "en_US", "Ana Díaz, from Cali, plays for your vote: Triple <doble>"),
    ],
)
def test_public_video_preview_has_poster_and_clip(
    client: FlaskClient, people: People, videos: Videos, language: str, locale: str, description: str
) -> None:
    video_id = videos.published(people.new(first_name="Ana", last_name="Díaz", city="Cali"), title="Triple <doble>")
    client.set_cookie("language", language)
    tags = preview(client, f"/videos/{video_id}")
    assert tags["og:type"] == "video.other"
    assert tags["og:title"] == "Ana Díaz: Triple <doble>" == tags["og:image:alt"]
    assert tags["og:description"] == description == tags["description"]
    assert tags["og:locale"] == locale
    assert tags["og:url"] == f"http://localhost/videos/{video_id}"
    assert tags["og:image"] == f"http://localhost/media/{video_id}/poster.jpg"
    assert tags["og:video"] == f"http://localhost/media/{video_id}/video.mp4"
    assert (tags["og:video:type"], tags["og:image:type"]) == ("video/mp4", "image/jpeg")
    assert tags["twitter:card"] == "summary_large_image"
    for name in ("og:image", "og:video"):
        assert client.get(tags[name]).status_code == 302


def test_private_video_preview_has_no_media(people: People, videos: Videos) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    tags = preview(browser, f"/videos/{videos.processed(ana, is_public=False)}")
    assert "og:image" not in tags and "og:video" not in tags


@pytest.mark.parametrize("path", ["/", "/gallery", "/rankings", "/signup"])
def test_other_pages_preview_has_the_portals_image(client: FlaskClient, path: str) -> None:
    tags = preview(client, path)
    assert tags["og:title"] and tags["og:description"] == tags["description"]
    image = client.get(tags["og:image"])
    assert tags["og:image"].startswith("http://localhost/static/")
    assert image.mimetype == "image/png" and len(image.data) < 100_000


def test_pages_link_their_icons(client: FlaskClient) -> None:
    links = [element.attributes for element in elements(client.get("/").text) if element.tag == "link"]
    icons = {link["rel"]: str(link["href"]) for link in links if "icon" in str(link["rel"])}
    assert set(icons) == {"icon", "apple-touch-icon"}
    assert client.get(icons["icon"]).mimetype == "image/svg+xml"
    assert client.get(icons["apple-touch-icon"]).data[16:24] == (180).to_bytes(4, "big") * 2
    assert preview(client, "/")["theme-color"] == "#061a38"
