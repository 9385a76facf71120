"""After a form a person is sent to a page of this site, never to another host."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/gallery", "/rankings?city=Bogot%C3%A1&page=2"])
def test_a_page_of_this_site_is_gone_back_to(path: str, client: FlaskClient) -> None:
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
def test_everything_else_leads_to_the_first_page(path: str, client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "en", "next": path})
    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize("path", ["/upload", "/my-videos"])
def test_who_is_not_signed_in_comes_back_after_signing_in(path: str, client: FlaskClient) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.location == f"/login?next={path}"
    assert f'name="next" value="{path}"' in client.get(answer.location).text
