"""Static files: URLs with the content hash are cached forever, other URLs are revalidated."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from services.portal.http.static_files import FOLDER, digest_of

IMMUTABLE = "public, max-age=31536000, immutable"
REFERENCE = re.compile(r"""(?:from|import)\s*\(?\s*"(\.[^"]+)"|url\("?([^")]+)"?\)""")


def test_hashed_url_is_cached_forever(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        address = url_for("static", filename="css/base.css")
    assert address == f"/static/{digest_of(FOLDER)}/css/base.css"
    answer = client.get(address)
    assert answer.status_code == 200 and answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == IMMUTABLE
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, IMMUTABLE)


@pytest.mark.parametrize("address", ["/static/css/base.css", "/static/0123456789abcdef/css/base.css"])
def test_url_without_current_hash_is_revalidated(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.css", "../__init__.py", "css/../../__init__.py", "css"])
def test_paths_outside_the_folder_return_404(app: Flask, client: FlaskClient, name: str) -> None:
    for address in (f"/static/{name}", f"/static/{digest_of(FOLDER)}/{name}"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/", "/gallery", "/rankings", "/rankings/verification", "/login", "/signup", "/docs", "/nowhere"]
)
def test_pages_link_static_files_by_hashed_url(client: FlaskClient, path: str) -> None:
    links = re.findall(r'"(/static/[^"#]+)', client.get(path).text)
    assert len(links) > 8
    assert [address for address in links if not address.startswith(f"/static/{digest_of(FOLDER)}/")] == []
    assert {client.get(address).status_code for address in links} == {200}


def test_files_reference_only_files_of_the_same_folder() -> None:
    reference_count = 0
    for path in [*FOLDER.rglob("*.js"), *FOLDER.rglob("*.css")]:
        for script, image in REFERENCE.findall(path.read_text("utf-8")):
            reference = script or image
            assert not reference.startswith(("/", "http")), (path, reference)
            assert (FOLDER / posixpath.join(path.parent.relative_to(FOLDER).as_posix(), reference)).resolve().is_file()
            reference_count += 1
    assert reference_count > 10


def test_hash_covers_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("a {}")
    first = digest_of(tmp_path)
    assert re.fullmatch("[0-9a-f]{16}", first) and digest_of(tmp_path) == first
    (tmp_path / "css" / "a.css").write_text("b {}")
    changed = digest_of(tmp_path)
    (tmp_path / "css" / "a.css").rename(tmp_path / "css" / "b.css")
    assert len({first, changed, digest_of(tmp_path)}) == 3
