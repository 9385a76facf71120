"""/swagger: the API's description is made from the routes and is complete."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

MACHINE_PATHS = ("/api/", "/health", "/media/")


def test_the_document_is_valid_openapi(client: FlaskClient) -> None:
    answer = client.get("/swagger/doc.json")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["openapi"].startswith("3.1")
    validate(answer.json)


def test_every_route_of_the_api_is_described(app: Flask, client: FlaskClient) -> None:
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(MACHINE_PATHS)
    }
    document = client.get("/swagger/doc.json").json
    assert document is not None
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert described == routes
    assert len(routes) >= 14


def test_every_operation_says_what_it_does(client: FlaskClient) -> None:
    document = client.get("/swagger/doc.json").json
    assert document is not None
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], f"{method} {path}"


def test_the_rules_of_the_forms_are_in_the_document(client: FlaskClient) -> None:
    document = client.get("/swagger/doc.json").json
    assert document is not None
    registration = document["components"]["schemas"]["UserRegistration"]
    assert len(registration["required"]) == 7
    assert registration["properties"]["first_name"]["maxLength"] == 50
    assert registration["properties"]["password1"]["minLength"] == 8


class Loaded(HTMLParser):
    """Collects what a page loads, and what its policy would not let run."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("script", "img", "iframe"):
            self.sources.append(values.get("src") or "")
        if tag == "link":
            self.sources.append(values.get("href") or "")
        if tag in ("script", "style") and "src" not in values:
            self.inline.append(tag)
        self.inline += [name for name in values if name == "style" or name.startswith("on")]


def test_the_page_loads_nothing_from_elsewhere_and_nothing_its_policy_forbids(client: FlaskClient) -> None:
    answer = client.get("/swagger/index.html")
    assert answer.status_code == 200
    loaded = Loaded()
    loaded.feed(answer.text)
    assert loaded.inline == []
    assert loaded.sources
    for source in loaded.sources:
        assert source.startswith("/")
        assert client.get(source).status_code == 200


def test_the_page_shows_every_operation(client: FlaskClient) -> None:
    document = client.get("/swagger/doc.json").json
    page = client.get("/swagger/index.html").text
    assert document is not None
    for path, methods in document["paths"].items():
        assert f"<code>{path}</code>" in page
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page


def test_the_folder_leads_to_the_page(client: FlaskClient) -> None:
    assert client.get("/swagger/", follow_redirects=True).request.path == "/swagger/index.html"
