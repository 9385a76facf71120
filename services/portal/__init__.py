"""The Flask API and the web portal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from services.environment import PORTAL_CONNECTIONS_PER_CORE, PortalEnvironment
from services.portal import api, database, metrics, pages, resources
from services.portal.accounts import identity
from services.portal.accounts.revocations import Revocations
from services.portal.accounts.signing_keys import SigningKeys, read_keys
from services.portal.api.health import create_dependency_checks
from services.portal.http import access_log, cors, errors, headers, limits, media_links, static_files
from services.portal.http.limits import VoteLimiter
from services.portal.pages.rankings import CACHE_SECONDS
from services.portal.single_flight_cache import SingleFlightCache
from services.portal.uploads.form_uploads import StreamedRequest
from services.shared.aws import aws_client
from services.shared.database import DatabaseConnector
from services.shared.queue import VideoQueue
from services.shared.secrets import SecretStore
from services.shared.storage import MediaStore

# Bytes that a multipart form may add to its file.
_FORM_BYTES = 2**20


def create_app(environment: PortalEnvironment, *, is_draining: Callable[[], bool] = lambda: False) -> Flask:
    """Create the portal's WSGI application; it opens no connection before the first request.

    Args:
        environment: Environment of the instance.
        is_draining: Whether the portal is shutting down; /health then answers 503. Default: never.
    """
    # services.portal.http.static_files serves the static files.
    app = Flask(__name__, static_folder=None)
    # Regardless of FLASK_DEBUG: the debugger must never be reachable on an instance.
    app.debug = False
    app.request_class = StreamedRequest
    app.config["MAX_CONTENT_LENGTH"] = environment.max_upload_bytes + _FORM_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    hops = environment.proxy_hops
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]

    opened = open_resources(app, environment, is_draining=is_draining)
    database.register(app, DatabaseConnector(environment, opened.secrets), pool_size=PORTAL_CONNECTIONS_PER_CORE)
    identity.register(app)
    # Flask runs after_request hooks in reverse order: metrics and access log come first, to cover the whole request.
    metrics.register(app)
    access_log.register(app)
    headers.register(app)
    cors.register(app)
    limits.register(app)
    errors.register(app)
    static_files.register(app)
    api.register(app)
    pages.register(app)
    return app


def open_resources(
    app: Flask, environment: PortalEnvironment, *, is_draining: Callable[[], bool] = lambda: False
) -> resources.Resources:
    """Create an application's resources; they replace existing ones and all their in-memory state.

    Args:
        app: Application to store the resources in.
        environment: Environment of the instance.
        is_draining: Whether the portal is shutting down. Default: never.
    """
    region = environment.aws_region
    secrets = SecretStore(aws_client("secretsmanager", region))
    media = MediaStore(aws_client("s3", region), environment.media_bucket)
    queue = VideoQueue(aws_client("sqs", region), environment.queue_url)
    opened = resources.Resources(
        environment=environment,
        secrets=secrets,
        keys=SigningKeys(
            partial(read_keys, secrets, environment.token_secret_arn),
            lifetime=max(identity.session_lifetime(environment).longest, timedelta(seconds=media_links.SECONDS)),
        ),
        media=media,
        queue=queue,
        revocations=Revocations(timedelta(seconds=environment.token_seconds)),
        vote_limiter=VoteLimiter(),
        metrics=metrics.Metrics(environment.environment_name),
        dependency_checks=create_dependency_checks(app, media, queue),
        ranking_cache=SingleFlightCache(CACHE_SECONDS),
        is_draining=is_draining,
    )
    resources.register(app, opened)
    return opened
