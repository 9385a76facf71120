"""/openapi.json and /docs: the API's description is generated from the routes and is complete."""

from __future__ import annotations

import re
import shlex
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

API_PATHS = ("/api/", "/health", "/media/")


def test_document_is_valid_openapi(client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["openapi"].startswith("3.1")
    validate(answer.json)


def test_every_api_route_is_described(app: Flask, client: FlaskClient) -> None:
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(API_PATHS)
    }
    document = client.get("/openapi.json").json
    assert document is not None
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert described == routes
    assert len(routes) >= 14


def test_every_operation_has_a_summary(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document is not None
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], f"{method} {path}"


def test_field_rules_are_in_the_document(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document is not None
    registration = document["components"]["schemas"]["UserRegistration"]
    assert len(registration["required"]) == 7
    assert registration["properties"]["first_name"]["maxLength"] == 50
    assert registration["properties"]["password1"]["minLength"] == 8


class ResourceCollector(HTMLParser):
    """Collect a page's external resources, and inline code that its policy would block."""

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


def test_docs_page_loads_only_local_files_and_no_inline_code(client: FlaskClient) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200
    collector = ResourceCollector()
    collector.feed(answer.text)
    assert collector.inline == []
    assert collector.sources
    for source in collector.sources:
        assert source.startswith("/")
        assert client.get(source).status_code == 200


def test_docs_page_shows_every_operation(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    page = client.get("/docs").text
    assert document is not None
    for path, methods in document["paths"].items():
        assert f"<code>{path}</code>" in page
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page


@pytest.mark.parametrize("path", ["/swagger", "/swagger/", "/swagger/index.html"])
def test_former_swagger_paths_redirect_to_docs(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (301, "/docs")


def test_former_document_path_works_and_etag_returns_304(client: FlaskClient) -> None:
    first, former = client.get("/openapi.json"), client.get("/swagger/doc.json")
    assert first.data == former.data
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_contract_operation_ids_are_stable(client: FlaskClient) -> None:
    """Generated clients name their functions after them."""
    document = client.get("/openapi.json").json
    assert document is not None
    ids = {operation["operationId"] for methods in document["paths"].values() for operation in methods.values()}
    assert ids >= {
        "auth_signup", "auth_login", "auth_logout", "auth_show_profile", "videos_upload", "videos_list_own",
        "videos_show", "videos_delete", "votes_list_votes", "public_list_public", "votes_vote",
        "public_show_ranking", "health_health", "health_deep_health", "media_play", "media_poster",
        "media_preview",
    }  # fmt: skip


def test_every_example_matches_its_schema(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document is not None

    def check(value: object, schema: dict[str, Any]) -> None:
        Draft202012Validator({**schema, "components": document["components"]}).validate(value)

    for schema in document["components"]["schemas"].values():
        for example in schema.get("examples", []):
            check(example, schema)
    bodies = 0
    for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
        described = [operation.get("requestBody", {}), *operation["responses"].values()]
        for kind, content in (pair for part in described for pair in part.get("content", {}).items()):
            if kind == "application/json":
                values = [content["example"]] if "example" in content else []
                values += [example["value"] for example in content.get("examples", {}).values()]
                assert values, operation["operationId"]
                for value in values:
                    check(value, content["schema"])
                    bodies += 1
    assert bodies > 80


def test_every_operation_has_errors_headers_and_a_curl_sample(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document is not None
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert set(operation["tags"]) <= tags, where
            assert "500" in operation["responses"], where
            assert ("{" in path) <= ("text/plain" in operation["responses"].get("404", {}).get("content", {})), where
            assert ("requestBody" in operation) <= ("400" in operation["responses"]), where
            assert ("security" in operation) <= ({"401", "403"} <= set(operation["responses"])), where
            for status, response in operation["responses"].items():
                assert "X-Request-Id" in response["headers"], where
                assert ("Retry-After" in response["headers"]) == (status == "429"), where
            (sample,) = operation["x-codeSamples"]
            assert shlex.split(sample["source"])[0] == "curl", where


def test_docs_page_is_in_the_chosen_language(client: FlaskClient) -> None:
    assert '<html lang="es">' in client.get("/docs").text
    assert "Respuestas" in client.get("/docs").text
    client.set_cookie("language", "en")
    assert '<html lang="en">' in client.get("/docs").text
    assert "Answers" in client.get("/docs").text
