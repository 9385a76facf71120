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
from services.portal.api.health import deep_checks
from services.portal.http import access_log, cors, errors, headers, limits, media_links, static_files
from services.portal.http.limits import VoteLimiter
from services.portal.http.streamed_request import StreamedRequest
from services.portal.pages.rankings import KEPT_SECONDS
from services.portal.single_flight_cache import SingleFlightCache
from services.shared.aws import aws_client
from services.shared.database import DatabaseConnector
from services.shared.queue import VideoQueue
from services.shared.secrets import SecretStore
from services.shared.storage import MediaStore

# What a multipart form adds to its file.
_FORM_BYTES = 2**20


def create_app(environment: PortalEnvironment, *, is_closing: Callable[[], bool] = lambda: False) -> Flask:
    """The portal's WSGI application; it opens no connection before the first request.

    Args:
        environment: what the instance was given.
        is_closing: tells whether the portal was told to stop, so that balancers send no more.
    """
    # Static files are served by services.portal.http.static_files.
    app = Flask(__name__, static_folder=None)
    # Whatever FLASK_DEBUG says: an instance shows nobody its inside.
    app.debug = False
    app.request_class = StreamedRequest
    app.config["MAX_CONTENT_LENGTH"] = environment.max_upload_bytes + _FORM_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    hops = environment.proxy_hops
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]

    held = open_resources(app, environment, is_closing=is_closing)
    database.register(app, DatabaseConnector(environment, held.secrets), pool_size=PORTAL_CONNECTIONS_PER_CORE)
    identity.register(app, environment)
    # What is registered first looks last at an answer: the time and the line are of the whole.
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
    app: Flask, environment: PortalEnvironment, *, is_closing: Callable[[], bool] = lambda: False
) -> resources.Resources:
    """Give an application its resources; whatever it remembered before is forgotten.

    Args:
        app: for which routes may be registered before or after.
        environment: what the instance was given.
        is_closing: tells whether the portal was told to stop.
    """
    region = environment.aws_region
    secrets = SecretStore(aws_client("secretsmanager", region))
    media = MediaStore(aws_client("s3", region), environment.media_bucket)
    queue = VideoQueue(aws_client("sqs", region), environment.queue_url)
    held = resources.Resources(
        environment=environment,
        secrets=secrets,
        keys=SigningKeys(
            partial(read_keys, secrets, environment.token_secret_arn),
            lifetime=max(identity.session_lifetime(environment).longest, timedelta(seconds=media_links.SECONDS)),
        ),
        media=media,
        queue=queue,
        revocations=Revocations(timedelta(seconds=environment.token_seconds)),
        votes=VoteLimiter(),
        metrics=metrics.Metrics(environment.environment_name),
        checks=deep_checks(app, media, queue),
        rankings=SingleFlightCache(KEPT_SECONDS),
        is_closing=is_closing,
    )
    resources.register(app, held)
    return held
