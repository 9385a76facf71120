"""The resources of one application: its environment, its AWS clients and its in-memory state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, current_app

from services.environment import PortalEnvironment
from services.portal.accounts.revocations import Revocations
from services.portal.accounts.signing_keys import SigningKeys
from services.portal.dependency_checks import DependencyChecks
from services.portal.http.limits import VoteLimiter
from services.portal.single_flight_cache import SingleFlightCache
from services.shared.queue import VideoQueue
from services.shared.secrets import SecretStore
from services.shared.storage import MediaStore

if TYPE_CHECKING:
    from services.portal.metrics import Metrics

_EXTENSION = "portal"


@dataclass(frozen=True)
class Resources:
    """Everything that one application holds, apart from its database connections.

    Args:
        environment: Environment of the instance. Read a setting from here; do not pass it through functions.
        secrets: Store of the database's credentials and the signing keys.
        keys: Keys that sign tokens and links.
        media: Bucket of the videos.
        queue: Queue of the videos to process.
        revocations: Revoked bearer tokens.
        vote_limiter: Rate limit of votes for each account.
        metrics: Counters and gauges.
        dependency_checks: Checks of /health/deep and their latest results.
        ranking_cache: Rendered ranking pages.
        is_draining: Whether the portal is shutting down; /health then answers 503.
    """

    environment: PortalEnvironment
    secrets: SecretStore
    keys: SigningKeys
    media: MediaStore
    queue: VideoQueue
    revocations: Revocations
    vote_limiter: VoteLimiter
    metrics: Metrics
    dependency_checks: DependencyChecks
    ranking_cache: SingleFlightCache
    is_draining: Callable[[], bool]


def register(app: Flask, opened: Resources) -> None:
    """Store an application's resources, in place of earlier ones."""
    app.extensions[_EXTENSION] = opened


def resources_of(app: Flask) -> Resources:
    """Return an application's resources."""
    found: Resources = app.extensions[_EXTENSION]
    return found


def resources() -> Resources:
    """Return the current application's resources."""
    return resources_of(current_app)
