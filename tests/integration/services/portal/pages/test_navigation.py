"""Redirects after a form lead to pages of this site, never to another host."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/gallery", "/rankings?city=Bogot%C3%A1&page=2"])
def test_local_next_path_is_followed(path: str, client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "en", "next": path})
    assert (answer.status_code, answer.location) == (303, path)


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "gallery",
        "",
    ],
)
def test_other_next_values_redirect_to_the_start_page(path: str, client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "en", "next": path})
    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize("path", ["/upload", "/my-videos"])
def test_login_returns_to_the_requested_page(path: str, client: FlaskClient) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.location == f"/login?next={path}"
    assert f'name="next" value="{path}"' in client.get(answer.location).text
