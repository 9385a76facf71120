"""Static files: addresses with the hash of their contents, kept for good; others asked for again."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from services.portal.http.static_files import FOLDER, digest_of

FOR_GOOD = "public, max-age=31536000, immutable"
REFERENCE = re.compile(r"""(?:from|import)\s*\(?\s*"(\.[^"]+)"|url\("?([^")]+)"?\)""")


def test_an_address_carries_the_hash_and_its_file_is_kept_for_good(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        address = url_for("static", filename="css/base.css")
    assert address == f"/static/{digest_of(FOLDER)}/css/base.css"
    answer = client.get(address)
    assert answer.status_code == 200 and answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == FOR_GOOD
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, FOR_GOOD)


@pytest.mark.parametrize("address", ["/static/css/base.css", "/static/0123456789abcdef/css/base.css"])
def test_the_address_of_no_release_or_another_is_answered_and_asked_for_again(
    client: FlaskClient, address: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.css", "../__init__.py", "css/../../__init__.py", "css"])
def test_what_is_no_file_of_the_folder_is_not_there(app: Flask, client: FlaskClient, name: str) -> None:
    for address in (f"/static/{name}", f"/static/{digest_of(FOLDER)}/{name}"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/", "/gallery", "/rankings", "/rankings/verification", "/login", "/signup", "/docs", "/nowhere"]
)
def test_every_page_names_its_files_by_their_hash(client: FlaskClient, path: str) -> None:
    named = re.findall(r'"(/static/[^"#]+)', client.get(path).text)
    assert len(named) > 8
    assert [address for address in named if not address.startswith(f"/static/{digest_of(FOLDER)}/")] == []
    assert {client.get(address).status_code for address in named} == {200}


def test_what_files_name_lies_in_the_folder_and_so_under_the_same_hash() -> None:
    found = 0
    for path in [*FOLDER.rglob("*.js"), *FOLDER.rglob("*.css")]:
        for script, picture in REFERENCE.findall(path.read_text("utf-8")):
            named = script or picture
            assert not named.startswith(("/", "http")), (path, named)
            assert (FOLDER / posixpath.join(path.parent.relative_to(FOLDER).as_posix(), named)).resolve().is_file()
            found += 1
    assert found > 10


def test_the_hash_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("a {}")
    first = digest_of(tmp_path)
    assert re.fullmatch("[0-9a-f]{16}", first) and digest_of(tmp_path) == first
    (tmp_path / "css" / "a.css").write_text("b {}")
    changed = digest_of(tmp_path)
    (tmp_path / "css" / "a.css").rename(tmp_path / "css" / "b.css")
    assert len({first, changed, digest_of(tmp_path)}) == 3
