"""/health for load balancers, without dependencies; /health/deep for people, with all dependency checks."""

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
from services.portal.dependency_checks import DependencyChecks, DependencyStatus
from services.portal.http.errors import UNKNOWN_ROUTE, NotFound
from services.portal.resources import resources
from services.shared import storage
from services.shared.migrate import read_migrations
from services.shared.queue import VideoQueue
from services.shared.release import read_release

VERSION = "1.0.0"
# No such object exists; a bucket that says so is healthy.
_MISSING_KEY = f"{storage.UPLOADS}health"

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
@operation(Operation(answers={200: Health, 503: Health}, has_dependencies=False))
def health() -> ResponseReturnValue:
    """Show whether the portal accepts requests."""
    # A draining portal still serves; the status makes load balancers stop sending requests.
    if resources().is_draining():
        return jsonify(_body("stopping")), HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify(_body("healthy"))


@blueprint.get("/health/deep")
@operation(
    Operation(answers={200: DeepHealth, 503: DeepHealth}, refuses={404: (UNKNOWN_ROUTE,)}, has_dependencies=False)
)
def deep_health() -> ResponseReturnValue:
    """Show the health of the database, the queue and the bucket, and the running release; on loopback only."""
    if not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback:
        raise NotFound(UNKNOWN_ROUTE)
    current, release, expected = resources(), read_release(), len(read_migrations())
    results = current.dependency_checks.results()
    version = results["database"].answer
    # A later schema fits too: migrations only add to what an earlier release uses.
    schema_fits = isinstance(version, int) and version >= expected
    is_healthy = schema_fits and not any(result.problem for result in results.values())
    body = DeepHealth(
        status="healthy" if is_healthy else "unhealthy",
        timestamp=moment(datetime.now(UTC)),
        stopping=current.is_draining(),
        release={"hash": current.environment.release, "version": release.version, "commit": release.commit},
        schema={"version": version if isinstance(version, int) else None, "expected": expected, "ok": schema_fits},
        checks={name: _health_check(result) for name, result in results.items()},
    )
    return jsonify(body), HTTPStatus.OK if is_healthy else HTTPStatus.SERVICE_UNAVAILABLE


def create_dependency_checks(app: Flask, media: storage.MediaStore, queue: VideoQueue) -> DependencyChecks:
    """Create the checks of /health/deep."""

    def database() -> int:
        with app.app_context(), db.engine.connect() as connection:
            return schema_version(connection)

    return DependencyChecks({"database": database, "queue": queue.waiting, "bucket": partial(media.size, _MISSING_KEY)})


def _body(status: Literal["healthy", "stopping"]) -> Health:
    return {"status": status, "timestamp": moment(datetime.now(UTC)), "version": VERSION}


def _health_check(result: DependencyStatus) -> HealthCheck:
    return {"ok": result.problem is None, "ms": result.milliseconds, "problem": result.problem}
