"""/metrics: what all processes of a portal counted, told on the machine itself."""

from __future__ import annotations

from pathlib import Path

import psutil
import requests
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from services.portal.resources import resources_of
from services.portal.scheduler import keep_house

from .people import People
from .process import PortalProcess, PortalStarter
from .videos import Videos

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    families = list(text_string_to_metric_families(text))
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def metrics_folders(portal: PortalProcess) -> set[Path]:
    """Where the processes of a portal keep what they count, by the files they have mapped into their memory."""
    mapped = [each.memory_maps() for each in psutil.Process(portal.process.pid).children(recursive=True)]
    files = [Path(part.path) for parts in mapped for part in parts]
    return {file.parent for file in files if file.parent.name.startswith("anb-metrics-")}


def told(client: FlaskClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    return samples(answer.text)


def test_votes_sign_ins_and_requests_are_counted_by_what_became_of_them(
    client: FlaskClient, people: People, videos: Videos
) -> None:
    ana, luz = people.new(), people.new()
    video_id = videos.published(ana)
    for _ in range(2):
        luz.post(f"/api/public/videos/{video_id}/vote")
    people.sign_in(ana.email)
    client.post("/api/auth/login", json={"email": ana.email, "password": "wrong password"})
    found = told(client)
    assert found["anb_votes_total", (("result", "counted"),)] == 1
    assert found["anb_votes_total", (("result", "already voted"),)] == 1
    assert found["anb_sign_ins_total", (("result", "ok"),)] == 1
    assert found["anb_sign_ins_total", (("result", "refused"),)] == 1
    route = "/api/public/videos/<video_id>/vote"
    assert found["anb_http_requests_total", (("method", "POST"), ("route", route), ("status", "200"))] == 1
    assert found["anb_http_requests_total", (("method", "POST"), ("route", route), ("status", "400"))] == 1
    assert found["anb_http_request_seconds_count", (("method", "POST"), ("route", route))] == 2
    # The question for the metrics itself is at work while it is answered.
    assert found["anb_http_requests_in_flight", ()] == 1


def test_what_clients_make_up_makes_no_new_series(client: FlaskClient) -> None:
    before = len(told(client))
    client.get("/nowhere")
    first = len(told(client))
    for number in range(20):
        client.get(f"/nowhere/{number}?x={number}")
        client.open("/nowhere", method=f"MADEUP{number}")
    found = told(client)
    assert len(found) - first < 30 and first > before
    assert not [labels for name, labels in found if "MADEUP" in str(labels)]


def test_what_waits_is_told_by_the_housekeeper(app: Flask, client: FlaskClient, people: People, videos: Videos) -> None:
    ana, luz = people.new(), people.new()
    videos.vote(videos.published(ana), luz)
    videos.uploaded(ana)
    with app.app_context():
        keep_house(20)
    found = told(client)
    assert found["anb_housekeeper_rounds_total", ()] == 1
    # This very round has rolled the vote up and relayed the upload before it looked.
    assert (found["anb_vote_deltas", ()], found["anb_outbox_uploads", ()]) == (0, 0)


def test_once_a_minute_cloudwatch_is_told(app: Flask, client: FlaskClient) -> None:
    client.get("/api/videos")
    with app.app_context(), capture_logs() as lines:
        resources_of(app).metrics.measures.flush()
        resources_of(app).metrics.measures.flush()
    first, second = (line for line in lines if line["event"] == "measures")
    assert (first["Requests"], second["Requests"]) == (1, 0)
    assert (first["environment"], first["service"]) == ("test", "portal")


def test_each_process_tells_of_all_and_leaves_nothing_behind(start_portal: PortalStarter) -> None:
    portal = start_portal()
    portal.wait_until_it_answers()
    wanted = 40
    for _ in range(wanted):
        # A connection each, so that the processes share them.
        assert requests.get(f"{portal.url}/api/videos", timeout=30).status_code == 401
    counted = ("anb_http_requests_total", (("method", "GET"), ("route", "/api/videos"), ("status", "401")))
    for _ in range(6):
        assert samples(requests.get(f"{portal.url}/metrics", timeout=30).text)[counted] == wanted
    (folder,) = metrics_folders(portal)
    assert folder.is_dir()
    portal.process.terminate()
    assert portal.process.wait(60) == 0
    assert not folder.exists()
