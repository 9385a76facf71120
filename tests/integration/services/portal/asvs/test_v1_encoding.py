"""ASVS 5.0, chapter 1: input stays data in SQL, in patterns and in ffmpeg's arguments."""

from __future__ import annotations

import ast
import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from ..people import People
from ..videos import Videos
from .sources import called_name, modules

HOSTILE = (
    "'; DROP TABLE votes; --",
    "x' OR '1'='1",
    '"; SELECT pg_sleep(9)',
    "%(id)s :id $1 {0}",
    "\\'; --",
    "/* */ UNION SELECT 1",
)


@pytest.mark.asvs("1.2.4")
def test_sql_in_text_fields_is_stored_as_text(client: FlaskClient, people: People, videos: Videos) -> None:
    eva = people.new()
    for hostile in HOSTILE:
        ana = people.new(first_name=hostile, last_name=hostile, city=hostile, country=hostile)
        profile = ana.get("/api/auth/profile").json or {}
        assert [profile[name] for name in ("first_name", "last_name", "city", "country")] == [hostile] * 4
        videos.vote(videos.published(ana, title=hostile), eva)
        (row,) = client.get("/api/public/rankings", query_string={"city": hostile}).json or []
        assert (row["title"], row["city"], row["username"]) == (hostile, hostile, f"{hostile} {hostile}")


@pytest.mark.asvs("1.2.4")
def test_sql_in_paths_and_queries_is_rejected(people: People) -> None:
    ana = people.new()
    for hostile in HOSTILE:
        part = hostile.replace("/", "")
        for path in (f"/api/videos/{part}", f"/api/videos/uploads/{part}", f"/media/{part}/video.mp4"):
            assert ana.get(path).status_code == 404, path
        for name in ("page", "limit", "cursor"):
            answer = ana.get("/api/public/rankings", query_string={name: hostile})
            assert answer.status_code == 400, (name, hostile)
        assert ana.get("/gallery", query_string={"city": hostile}).status_code == 200


def is_composed(statement: ast.expr) -> bool:
    """Return whether a text is composed at the call."""
    return isinstance(statement, ast.JoinedStr | ast.BinOp) or (
        isinstance(statement, ast.Call) and called_name(statement) in ("format", "join", "replace")
    )


@pytest.mark.asvs("1.2.4")
def test_no_sql_statement_is_built_from_request_data() -> None:
    """SQL is composed only while a module is loaded, before there is any request.

    The only function that composes SQL later has no text arguments.
    """
    composed: dict[str, list[str]] = {}
    statements = 0
    for path, tree in modules():
        statements += sum(isinstance(node, ast.Call) and called_name(node) == "text" for node in ast.walk(tree))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if not isinstance(call, ast.Call) or not call.args:
                    continue
                is_dynamic = called_name(call) in ("text", "exec_driver_sql") and not isinstance(
                    call.args[0], ast.Constant
                )
                if is_dynamic or (called_name(call) == "execute" and is_composed(call.args[0])):
                    arguments = [ast.unparse(argument.annotation or argument) for argument in function.args.args]
                    composed[f"{path}:{function.name}"] = arguments
    assert statements > 30
    assert composed == {"services/contest/listing.py:_statement": ["Order", "bool | None", "bool", "bool"]}


@pytest.mark.asvs("1.2.5")
def test_shell_commands_in_a_file_name_are_stored_as_text(people: People, engine: Engine) -> None:
    ana, name = people.new(), "-i x;$(id)`id`|&.mp4"
    form = {"title": "Triple doble", "video_file": (io.BytesIO(b"clip"), name)}
    video_id = (ana.post("/api/videos/upload", data=form).json or {})["task_id"]
    started = ana.post("/api/videos/uploads", json={"title": "Triple doble", "filename": name, "size": 10}).json or {}
    assert started["filename"] == name
    with engine.connect() as connection:
        row = connection.execute(text("SELECT original_filename, original_url FROM videos")).one()
    assert (row.original_filename, row.original_url) == (name, f"uploads/{video_id}.mp4")


@pytest.mark.asvs("1.2.5")
def test_no_program_is_started_through_a_shell() -> None:
    """Programs are started with argument lists, so arguments are never parsed as commands."""
    start_count = 0
    for path, tree in modules():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            where = f"{path}:{call.lineno}"
            assert called_name(call) not in ("system", "popen", "getoutput", "spawnl", "eval", "exec"), where
            assert "shell" not in [keyword.arg for keyword in call.keywords], where
            if ast.unparse(call.func) in (
                "subprocess.run",
                "subprocess.Popen",
                "subprocess.check_output",
                "SandboxedProgram",
            ):
                start_count += 1
                assert not isinstance(call.args[0], ast.Constant | ast.JoinedStr), where
    assert start_count >= 2


@pytest.mark.asvs("1.2.9")
def test_wildcards_in_city_filters_are_literal(client: FlaskClient, people: People, videos: Videos) -> None:
    """Each filter finds the city that starts with it, not the one that it would match as a pattern."""
    eva = people.new()
    videos.vote(videos.published(people.new(city="Bogota")), eva)
    for pattern in ("%1", "_2", "B_got_", "%og%", ".*", "[a-z]+", "\\", "B.got."):
        videos.vote(videos.published(people.new(city=f"{pattern} y más")), eva)
        for path in ("/api/public/rankings", "/api/public/videos"):
            listed = client.get(path, query_string={"city": pattern}).json or []
            assert [video.get("city", video.get("user_city")) for video in listed] == [f"{pattern} y más"], path
    for path in ("/api/public/rankings", "/api/public/videos"):
        for pattern in ("B%", "%%", "_ogota"):
            assert client.get(path, query_string={"city": pattern}).json == [], (path, pattern)
