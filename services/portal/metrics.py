"""The portal's metrics: for Prometheus at /metrics, and a few for CloudWatch as log lines in EMF.

All processes of a portal write into one folder, so any of them can report the sum. Labels hold route templates and
fixed words, never values from clients: each new value would use memory until the process ends.
"""

from __future__ import annotations

import ipaddress
import os
import time
from http import HTTPStatus

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue

from services.portal.database import db, statements
from services.portal.http.errors import UNKNOWN_ROUTE, NotFound
from services.portal.resources import resources, resources_of
from services.shared.emf_metrics import EmfMetrics
from services.videos.backlog import read_backlog

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Variable of prometheus_client: the folder that the portal's processes share."""

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SIGN_INS = ("auth.login", "accounts.enter")
_UPLOADS = ("videos.upload", "direct_uploads.complete")


class Metrics:
    """Metrics of one process.

    Args:
        environment: Name of the deployment.
    """

    def __init__(self, environment: str) -> None:
        # The library reads the folder's variable when it is imported, so import it after the server has set it.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.measures = EmfMetrics(environment, "portal")
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "anb_http_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "anb_http_request_seconds", "Time to answer", ["method", "route"], buckets=_BUCKETS, registry=registry
        )
        self.in_flight = Gauge(
            "anb_http_requests_in_flight", "Requests in progress", multiprocess_mode="livesum", registry=registry
        )
        self.votes = Counter("anb_votes", "Votes by result", ["result"], registry=registry)
        self.uploads = Counter("anb_uploads", "Uploads by result", ["result"], registry=registry)
        self.sign_ins = Counter("anb_sign_ins", "Sign-ins by result", ["result"], registry=registry)
        self.limited = Counter("anb_rate_limited", "Requests refused by a limit", ["route"], registry=registry)
        latest = {"multiprocess_mode": "mostrecent", "registry": registry}
        self.waiting = Gauge("anb_outbox_uploads", "Uploads not sent to the queue yet", **latest)  # type: ignore[arg-type]
        self.oldest = Gauge("anb_outbox_oldest_seconds", "Age of the oldest of these uploads", **latest)  # type: ignore[arg-type]
        self.deltas = Gauge("anb_vote_deltas", "Votes not rolled up yet", **latest)  # type: ignore[arg-type]
        self.videos = Gauge("anb_videos_unfinished", "Videos neither processed nor failed", **latest)  # type: ignore[arg-type]
        self.oldest_video = Gauge("anb_videos_oldest_seconds", "Age of the oldest of these videos", **latest)  # type: ignore[arg-type]
        self.swept = Counter("anb_videos_swept", "Stale videos by result", ["result"], registry=registry)
        self.connections = Gauge(
            "anb_database_connections_in_use",
            "Database connections in use",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.rounds = Counter("anb_housekeeper_rounds", "Rounds of the scheduler", registry=registry)
        self.failures = Counter("anb_housekeeper_failures", "Periodic tasks that failed", ["chore"], registry=registry)

    def count_answer(self, endpoint: str, method: str, route: str, status: int, seconds: float) -> None:
        """Count a response; for sign-ins, uploads and rate limits also count its result."""
        method = method if method in _METHODS else "other"
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)
        self.measures.count("Requests")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.measures.count("ServerErrors")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self.limited.labels(route).inc()
            self.measures.count("RateLimited")
        if endpoint in _SIGN_INS:
            self.sign_ins.labels(_result(status)).inc()
            self.measures.count("SignIns" if status < HTTPStatus.BAD_REQUEST else "SignInsRefused")
        elif endpoint in _UPLOADS:
            self.uploads.labels(_result(status)).inc()
            self.measures.count("Uploads" if status < HTTPStatus.BAD_REQUEST else "UploadsRefused")

    def exposition(self) -> bytes:
        """Render the metrics of all processes in Prometheus's text format."""
        from prometheus_client import CollectorRegistry, generate_latest, multiprocess

        if FOLDER_VARIABLE not in os.environ:
            return generate_latest(self.registry)
        shared = CollectorRegistry()
        multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return generate_latest(shared)


def register(app: Flask) -> None:
    """Count an application's requests, and serve /metrics to loopback clients; register this before other hooks."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        resources().metrics.in_flight.inc()

    @app.after_request
    def finish(response: Response) -> Response:
        seconds = time.perf_counter() - g.began
        resources().metrics.count_answer(
            request.endpoint or "", request.method, current_route(), response.status_code, seconds
        )
        return response

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        if g.pop("began", None) is not None:
            resources().metrics.in_flight.dec()

    @app.get("/metrics")
    def show() -> ResponseReturnValue:
        if not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback:
            raise NotFound(UNKNOWN_ROUTE)
        return Response(resources().metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def current_route() -> str:
    """Return the template of the current route; ``none`` for unknown paths."""
    return request.url_rule.rule if request.url_rule is not None else "none"


def count_vote(result: str) -> None:
    """Count a vote by its result.

    Args:
        result: Value of a ``VoteResult``.
    """
    metrics = resources().metrics
    metrics.votes.labels(result).inc()
    metrics.measures.count("Votes" if result == "counted" else "VotesRefused")


def measure_backlog() -> None:
    """Measure the backlog in the database; the scheduler runs this, so that /metrics needs no query."""
    metrics = resources().metrics
    with statements() as connection:
        backlog = read_backlog(connection)
    for gauge, name, value, unit in (
        (metrics.waiting, "OutboxUploads", backlog.uploads, "Count"),
        (metrics.oldest, "OutboxOldest", backlog.oldest_seconds, "Seconds"),
        (metrics.deltas, "VoteDeltas", backlog.vote_deltas, "Count"),
        (metrics.videos, "VideosUnfinished", backlog.videos, "Count"),
        (metrics.oldest_video, "VideosOldest", backlog.oldest_video_seconds, "Seconds"),
        (metrics.connections, "DatabaseConnections", _connections_in_use(), "Count"),
    ):
        gauge.set(value)
        metrics.measures.gauge(name, value, unit)


def count_swept(app: Flask, *, given_up: bool) -> None:
    """Count a stale video.

    Args:
        app: Application whose metrics count it.
        given_up: Whether the video was failed; otherwise it was sent to the queue again.
    """
    metrics = resources_of(app).metrics
    metrics.swept.labels("given up" if given_up else "sent again").inc()
    metrics.measures.count("VideosGivenUp" if given_up else "VideosSwept")


def write_emf_metrics() -> None:
    """Write this process's CloudWatch metrics as a log line."""
    resources().metrics.measures.flush()


def _connections_in_use() -> int:
    return int(db.engine.pool.checkedout())  # type: ignore[attr-defined]


def _result(status: int) -> str:
    if status < HTTPStatus.BAD_REQUEST:
        return "ok"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "limited"
    return "refused" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "failed"
