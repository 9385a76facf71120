"""ASVS 5.0, chapter 3: security headers, and user input that pages show as text only."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from emulator import aws
from services.environment import PortalEnvironment

from ..direct import CLIP, begin, request_links, send
from ..people import People
from ..process import ROOT
from ..videos import Videos
from .markup import elements
from .routes import routes

IMAGE = '<img src=x onerror="alert(1)">'
TEMPLATE, COMPUTED = "{{ 1234567 * 7654321 }}${1234567*7654321}", "9449772114007"  # too long to be part of a time or id
HOSTILE = (IMAGE, '"><script>alert(1)</script>', "' autofocus onfocus='alert(1)", TEMPLATE)
EVIL = "https://evil.example"


@pytest.mark.asvs("3.2.1")
def test_media_is_served_from_another_host_as_video(
    people: People, videos: Videos, media_bucket: str, aws_port: int, client: FlaskClient
) -> None:
    """The portal sets the content type, so an uploaded page is never rendered."""
    ana = people.new()
    upload = begin(ana)
    (link,) = request_links(ana, upload, [1])
    page = {"Content-Type": "text/html"}
    assert requests.put(link["url"], data=CLIP, headers=page, timeout=30).status_code == 200
    ana.post(f"/api/videos/uploads/{upload['video_id']}/complete")
    stored = aws.client("s3", aws_port).head_object(Bucket=media_bucket, Key=f"uploads/{upload['video_id']}.mp4")
    assert stored["ContentType"] == "video/mp4"
    answer = client.get(f"/media/{videos.published(ana)}/video.mp4")
    assert answer.status_code == 302 and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not answer.location.startswith(("/", "http://localhost/"))


@pytest.mark.asvs("3.2.2")
@pytest.mark.parametrize("hostile", HOSTILE)
def test_user_input_is_escaped_on_every_page(app: Flask, people: People, videos: Videos, hostile: str) -> None:
    """Pages are parsed as in a browser: titles, names and cities create no elements or attributes."""
    ana = people.new(first_name=hostile, last_name=hostile, city=hostile)
    video_id = videos.published(ana, title=hostile)
    videos.vote(video_id, people.new())
    begin(ana, title=hostile, filename=f"{hostile.replace('/', '')}.mp4")
    browser, _ = people.browser(ana)
    pages_with_input = 0
    for route in routes(app):
        if route.method != "GET" or route.rule.startswith(("/api/", "/static/")):
            continue
        answer = browser.get(route.path(video_id=video_id), query_string={"city": hostile, "next": hostile})
        if answer.mimetype != "text/html":
            continue
        page_elements = elements(answer.text)
        assert not [
            element for element in page_elements if any(name.startswith("on") for name in element.attributes)
        ], route
        assert "x" not in [element.attributes.get("src") for element in page_elements], route
        assert [
            element for element in page_elements if element.tag == "script" and not element.attributes.get("src")
        ] == []
        assert COMPUTED not in answer.text, route
        pages_with_input += any(hostile in (element.text, *element.attributes.values()) for element in page_elements)
    assert pages_with_input >= 5


@pytest.mark.asvs("3.2.2")
def test_scripts_use_no_html_sinks() -> None:
    scripts = sorted((ROOT / "services" / "portal" / "static" / "js").rglob("*.js"))
    assert len(scripts) > 5
    sink = re.compile(r"(inner|outer)HTML\s*\+?=(?!=)|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc")
    assert [script.name for script in scripts if sink.search(script.read_text("utf-8"))] == []


Answers = list[tuple[str, Headers, str]]


@pytest.fixture(scope="module")
def cached_answers() -> Answers:
    """Cache for `every_answer`."""
    return []


@pytest.fixture
def every_answer(cached_answers: Answers, request: pytest.FixtureRequest) -> Answers:
    """Responses of an HTTPS portal on every route: anonymous, signed in and with a wrong host."""
    if not cached_answers:
        start_app, environment = (request.getfixturevalue(name) for name in ("start_app", "portal_environment"))
        host = "anb.example"
        secure = dataclasses.replace(environment, secure_cookies=True)
        app = start_app(dataclasses.replace(secure, public_hosts=(host,)))
        ana = People(start_app(secure)).new()
        requests_to_send = [(route.method, route.path()) for route in routes(app)]
        for method, path in [*requests_to_send, ("GET", "/nowhere"), ("OPTIONS", "/api/videos")]:
            for headers in ({}, dict(ana.headers), {"Host": "evil.example"}):
                answer = app.test_client().open(path, method=method, headers={"Host": host, **headers})
                cached_answers.append((f"{method} {path} {answer.status_code}", answer.headers, answer.mimetype))
    return cached_answers


@pytest.mark.asvs("3.4.1")
def test_hsts_lasts_at_least_a_year(every_answer: Answers) -> None:
    assert len(every_answer) > 150
    for where, headers, _ in every_answer:
        match = re.fullmatch(r"max-age=(\d+); includeSubDomains", headers["Strict-Transport-Security"])
        assert match and int(match[1]) >= 31_536_000, where


@pytest.mark.asvs("3.4.2")
def test_unlisted_origins_get_no_cors_headers(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    listed = "https://front.example"
    for origins in ((), (listed,)):
        app = start_app(dataclasses.replace(portal_environment, cors_origins=origins))
        for route in routes(app):
            for method in (route.method, "OPTIONS"):
                answer = app.test_client().open(route.path(), method=method, headers={"Origin": EVIL})
                assert "Access-Control-Allow-Origin" not in answer.headers, route
                assert "Access-Control-Allow-Credentials" not in answer.headers, route
    answer = app.test_client().get("/api/public/videos", headers={"Origin": listed})
    assert answer.headers["Access-Control-Allow-Origin"] == listed


@pytest.mark.asvs("3.4.3")
def test_content_security_policy_allows_own_scripts_only(every_answer: Answers) -> None:
    for where, headers, _ in every_answer:
        policy = dict(part.partition(" ")[::2] for part in headers["Content-Security-Policy"].split("; "))
        assert policy["object-src"] == policy["base-uri"] == "'none'", where
        # default-src applies to scripts and styles.
        assert policy["default-src"] == "'self'" and not {"script-src", "style-src"} & set(policy), where
        assert "upgrade-insecure-requests" in policy, where
        assert "unsafe" not in str(policy) and "*" not in str(policy), where


@pytest.mark.asvs("3.4.3")
def test_pages_comply_with_the_content_security_policy(app: Flask, people: People, videos: Videos) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    video_id = videos.published(ana)
    for route in routes(app):
        if route.method != "GET" or route.rule.startswith(("/api/", "/static/")):
            continue
        for element in elements(browser.get(route.path(video_id=video_id)).text):
            assert "style" not in element.attributes and element.tag not in ("style", "base", "object", "embed"), route
            assert element.tag != "script" or (element.attributes.get("src") or "").startswith("/static/"), route
            assert not (element.attributes.get("href") or "").startswith("javascript:"), route


@pytest.mark.asvs("3.4.4")
def test_every_response_forbids_content_sniffing(every_answer: Answers) -> None:
    assert {headers["X-Content-Type-Options"] for _, headers, _ in every_answer} == {"nosniff"}
    assert {kind for _, _, kind in every_answer} <= {
        "text/html", "application/json", "text/plain", "text/css", "text/javascript", "",
    }  # fmt: skip


@pytest.mark.asvs("3.4.5")
def test_referrer_policy_hides_paths_from_other_sites(every_answer: Answers) -> None:
    assert {headers["Referrer-Policy"] for _, headers, _ in every_answer} == {"strict-origin-when-cross-origin"}


@pytest.mark.asvs("3.4.6")
def test_pages_cannot_be_framed(every_answer: Answers) -> None:
    for where, headers, _ in every_answer:
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"].split("; "), where
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where


@pytest.mark.asvs("3.4.6")
def test_server_errors_carry_security_headers(app_without: Callable[[str], Flask]) -> None:
    for path in ("/api/public/videos", "/gallery"):
        answer = app_without("database").test_client().get(path)
        assert answer.status_code == 503
        assert {"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} <= set(answer.headers.keys())


@pytest.mark.asvs("3.2.1")
def test_original_upload_is_never_served(people: People, client: FlaskClient) -> None:
    ana = people.new()
    upload = begin(ana)
    send(ana, upload)
    ana.post(f"/api/videos/uploads/{upload['video_id']}/complete")
    assert client.get(f"/media/{upload['video_id']}/video.mp4", headers=ana.headers).status_code == 404
