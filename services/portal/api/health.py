"""/health for load balancers, which asks no other service, and /health/deep for people, which asks them all."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Literal

from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue

from services.portal.api.operation import Operation, operation
from services.portal.api.schemas.health import DeepHealth, Health, HealthCheck
from services.portal.api.schemas.videos import moment
from services.portal.database import db, schema_version
from services.portal.dependency_checks import DependencyStatus, Inspection
from services.portal.http.errors import UNKNOWN_ROUTE, NotFound
from services.portal.resources import resources
from services.shared import storage
from services.shared.migrate import read_migrations
from services.shared.queue import VideoQueue
from services.shared.release import read_release

VERSION = "1.0.0"
# Nobody stores it: that the bucket says so is the answer.
_NO_OBJECT = f"{storage.UPLOADS}health"

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
@operation(Operation(answers={200: Health, 503: Health}, asks_others=False))
def health() -> ResponseReturnValue:
    """Whether the portal answers and wants requests."""
    # A stopping portal still serves, and tells balancers to send no more.
    if resources().is_closing():
        return jsonify(_shallow("stopping")), HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify(_shallow("healthy"))


@blueprint.get("/health/deep")
@operation(Operation(answers={200: DeepHealth, 503: DeepHealth}, refuses={404: (UNKNOWN_ROUTE,)}, asks_others=False))
def deep_health() -> ResponseReturnValue:
    """How the database, the queue and the bucket answer, and which release runs; told on the machine itself only."""
    if not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback:
        raise NotFound(UNKNOWN_ROUTE)
    held, release, expected = resources(), read_release(), len(read_migrations())
    findings = held.checks.findings()
    version = findings["database"].answer
    # A later release's schema is right as well: it may only add to what this one uses.
    schema_fits = isinstance(version, int) and version >= expected
    good = schema_fits and not any(finding.problem for finding in findings.values())
    told = DeepHealth(
        status="healthy" if good else "unhealthy",
        timestamp=moment(datetime.now(UTC)),
        stopping=held.is_closing(),
        release={"hash": held.environment.release, "version": release.version, "commit": release.commit},
        schema={"version": version if isinstance(version, int) else None, "expected": expected, "ok": schema_fits},
        checks={name: _check(finding) for name, finding in findings.items()},
    )
    return jsonify(told), HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE


def deep_checks(app: Flask, media: storage.MediaStore, queue: VideoQueue) -> Inspection:
    """What the deep check of an application asks."""

    def database() -> int:
        with app.app_context(), db.engine.connect() as connection:
            return schema_version(connection)

    return Inspection({"database": database, "queue": queue.waiting, "bucket": partial(media.size, _NO_OBJECT)})


def _shallow(status: Literal["healthy", "stopping"]) -> Health:
    return {"status": status, "timestamp": moment(datetime.now(UTC)), "version": VERSION}


def _check(finding: DependencyStatus) -> HealthCheck:
    return {"ok": finding.problem is None, "ms": finding.milliseconds, "problem": finding.problem}
