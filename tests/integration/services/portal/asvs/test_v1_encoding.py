"""ASVS 5.0, chapter 1: what people send stays data, in SQL, in patterns and on the way to ffmpeg."""

from __future__ import annotations

import ast
import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from ..people import People
from ..videos import Videos
from .sources import called, modules

HOSTILE = (
    "'; DROP TABLE votes; --",
    "x' OR '1'='1",
    '"; SELECT pg_sleep(9)',
    "%(id)s :id $1 {0}",
    "\\'; --",
    "/* */ UNION SELECT 1",
)


@pytest.mark.asvs("1.2.4")
def test_sql_in_every_text_comes_back_as_text(client: FlaskClient, people: People, videos: Videos) -> None:
    eva = people.new()
    for hostile in HOSTILE:
        ana = people.new(first_name=hostile, last_name=hostile, city=hostile, country=hostile)
        profile = ana.get("/api/auth/profile").json or {}
        assert [profile[name] for name in ("first_name", "last_name", "city", "country")] == [hostile] * 4
        videos.vote(videos.published(ana, title=hostile), eva)
        (shown,) = client.get("/api/public/rankings", query_string={"city": hostile}).json or []
        assert (shown["title"], shown["city"], shown["username"]) == (hostile, hostile, f"{hostile} {hostile}")


@pytest.mark.asvs("1.2.4")
def test_sql_in_paths_and_queries_finds_nothing_and_breaks_nothing(people: People) -> None:
    ana = people.new()
    for hostile in HOSTILE:
        part = hostile.replace("/", "")
        for path in (f"/api/videos/{part}", f"/api/videos/uploads/{part}", f"/media/{part}/video.mp4"):
            assert ana.get(path).status_code == 404, path
        for name in ("page", "limit", "cursor"):
            answer = ana.get("/api/public/rankings", query_string={name: hostile})
            assert answer.status_code == 400, (name, hostile)
        assert ana.get("/gallery", query_string={"city": hostile}).status_code == 200


def is_put_together(statement: ast.expr) -> bool:
    """Whether a text is made where it is used."""
    return isinstance(statement, ast.JoinedStr | ast.BinOp) or (
        isinstance(statement, ast.Call) and called(statement) in ("format", "join", "replace")
    )


@pytest.mark.asvs("1.2.4")
def test_no_statement_is_made_of_what_a_request_brings() -> None:
    """SQL is text of the source, put together while a module is loaded, when there is no request yet.

    The one function that makes statements later is given no text at all.
    """
    later: dict[str, list[str]] = {}
    statements = 0
    for path, tree in modules():
        statements += sum(isinstance(node, ast.Call) and called(node) == "text" for node in ast.walk(tree))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if not isinstance(call, ast.Call) or not call.args:
                    continue
                made = called(call) in ("text", "exec_driver_sql") and not isinstance(call.args[0], ast.Constant)
                if made or (called(call) == "execute" and is_put_together(call.args[0])):
                    arguments = [ast.unparse(given.annotation or given) for given in function.args.args]
                    later[f"{path}:{function.name}"] = arguments
    assert statements > 30
    assert later == {"services/contest/listing.py:_statement": ["Order", "bool | None", "bool", "bool"]}


@pytest.mark.asvs("1.2.5")
def test_a_file_name_full_of_commands_is_only_a_name(people: People, engine: Engine) -> None:
    ana, name = people.new(), "-i x;$(id)`id`|&.mp4"
    form = {"title": "Triple doble", "video_file": (io.BytesIO(b"clip"), name)}
    video_id = (ana.post("/api/videos/upload", data=form).json or {})["task_id"]
    begun = ana.post("/api/videos/uploads", json={"title": "Triple doble", "filename": name, "size": 10}).json or {}
    assert begun["filename"] == name
    with engine.connect() as connection:
        row = connection.execute(text("SELECT original_filename, original_url FROM videos")).one()
    assert (row.original_filename, row.original_url) == (name, f"uploads/{video_id}.mp4")


@pytest.mark.asvs("1.2.5")
def test_no_shell_is_ever_asked() -> None:
    """Programs are started from lists, so that nothing in them is read as a command."""
    started = 0
    for path, tree in modules():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            where = f"{path}:{call.lineno}"
            assert called(call) not in ("system", "popen", "getoutput", "spawnl", "eval", "exec"), where
            assert "shell" not in [keyword.arg for keyword in call.keywords], where
            if ast.unparse(call.func) in ("subprocess.run", "subprocess.Popen", "subprocess.check_output", "Program"):
                started += 1
                assert not isinstance(call.args[0], ast.Constant | ast.JoinedStr), where
    assert started >= 2


@pytest.mark.asvs("1.2.9")
def test_signs_of_patterns_are_only_signs(client: FlaskClient, people: People, videos: Videos) -> None:
    """Each finds the city that it is the beginning of, and not the one that it would match as a pattern."""
    eva = people.new()
    videos.vote(videos.published(people.new(city="Bogota")), eva)
    for pattern in ("%1", "_2", "B_got_", "%og%", ".*", "[a-z]+", "\\", "B.got."):
        videos.vote(videos.published(people.new(city=f"{pattern} y más")), eva)
        for path in ("/api/public/rankings", "/api/public/videos"):
            found = client.get(path, query_string={"city": pattern}).json or []
            assert [video.get("city", video.get("user_city")) for video in found] == [f"{pattern} y más"], path
    for path in ("/api/public/rankings", "/api/public/videos"):
        for pattern in ("B%", "%%", "_ogota"):
            assert client.get(path, query_string={"city": pattern}).json == [], (path, pattern)
