"""/metrics: the counts of all processes of a portal, served on the instance itself only."""

from __future__ import annotations

from pathlib import Path

import psutil
import requests
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from services.portal.resources import resources_of
from services.portal.scheduler import run_due

from .people import People
from .process import PortalProcess, PortalStarter
from .videos import Videos

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    families = list(text_string_to_metric_families(text))
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def metrics_folders(portal: PortalProcess) -> set[Path]:
    """Find the metrics folder of a portal's processes through their memory-mapped files."""
    mapped = [child.memory_maps() for child in psutil.Process(portal.process.pid).children(recursive=True)]
    files = [Path(part.path) for parts in mapped for part in parts]
    return {file.parent for file in files if file.parent.name.startswith("anb-metrics-")}


def scrape(client: FlaskClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    return samples(answer.text)


def test_votes_sign_ins_and_requests_are_counted_by_result(client: FlaskClient, people: People, videos: Videos) -> None:
    ana, luz = people.new(), people.new()
    video_id = videos.published(ana)
    for _ in range(2):
        luz.post(f"/api/public/videos/{video_id}/vote")
    people.sign_in(ana.email)
    client.post("/api/auth/login", json={"email": ana.email, "password": "wrong password"})
    scraped = scrape(client)
    assert scraped["anb_votes_total", (("result", "counted"),)] == 1
    assert scraped["anb_votes_total", (("result", "already voted"),)] == 1
    assert scraped["anb_sign_ins_total", (("result", "ok"),)] == 1
    assert scraped["anb_sign_ins_total", (("result", "refused"),)] == 1
    route = "/api/public/videos/<video_id>/vote"
    assert scraped["anb_http_requests_total", (("method", "POST"), ("route", route), ("status", "200"))] == 1
    assert scraped["anb_http_requests_total", (("method", "POST"), ("route", route), ("status", "400"))] == 1
    assert scraped["anb_http_request_seconds_count", (("method", "POST"), ("route", route))] == 2
    # The request for /metrics itself is in flight.
    assert scraped["anb_http_requests_in_flight", ()] == 1


def test_unknown_paths_and_methods_create_no_series(client: FlaskClient) -> None:
    before = len(scrape(client))
    client.get("/nowhere")
    first = len(scrape(client))
    for number in range(20):
        client.get(f"/nowhere/{number}?x={number}")
        client.open("/nowhere", method=f"MADEUP{number}")
    scraped = scrape(client)
    assert len(scraped) - first < 30 and first > before
    assert not [labels for name, labels in scraped if "MADEUP" in str(labels)]


def test_scheduler_reports_backlog_gauges(app: Flask, client: FlaskClient, people: People, videos: Videos) -> None:
    ana, luz = people.new(), people.new()
    videos.vote(videos.published(ana), luz)
    videos.uploaded(ana)
    with app.app_context():
        run_due(20)
    scraped = scrape(client)
    assert scraped["anb_housekeeper_rounds_total", ()] == 1
    # The same round rolled up the vote and relayed the upload before it measured.
    assert (scraped["anb_vote_deltas", ()], scraped["anb_outbox_uploads", ()]) == (0, 0)


def test_emf_line_counts_since_the_last_one(app: Flask, client: FlaskClient) -> None:
    client.get("/api/videos")
    with app.app_context(), capture_logs() as lines:
        resources_of(app).metrics.measures.flush()
        resources_of(app).metrics.measures.flush()
    first, second = (line for line in lines if line["event"] == "measures")
    assert (first["Requests"], second["Requests"]) == (1, 0)
    assert (first["environment"], first["service"]) == ("test", "portal")


def test_each_process_reports_all_and_cleans_up(start_portal: PortalStarter) -> None:
    portal = start_portal()
    portal.wait_until_healthy()
    count = 40
    for _ in range(count):
        # A new connection per request spreads them over the processes.
        assert requests.get(f"{portal.url}/api/videos", timeout=30).status_code == 401
    counted = ("anb_http_requests_total", (("method", "GET"), ("route", "/api/videos"), ("status", "401")))
    for _ in range(6):
        assert samples(requests.get(f"{portal.url}/metrics", timeout=30).text)[counted] == count
    (folder,) = metrics_folders(portal)
    assert folder.is_dir()
    portal.process.terminate()
    assert portal.process.wait(60) == 0
    assert not folder.exists()
