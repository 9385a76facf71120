"""What one application holds: its environment, its ways to AWS, and everything that it keeps in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, current_app

from services.environment import PortalEnvironment
from services.portal.accounts.revocations import Revocations
from services.portal.accounts.signing_keys import SigningKeys
from services.portal.dependency_checks import Inspection
from services.portal.http.limits import VoteLimiter
from services.portal.single_flight_cache import SingleFlightCache
from services.shared.queue import VideoQueue
from services.shared.secrets import SecretStore
from services.shared.storage import MediaStore

if TYPE_CHECKING:
    from services.portal.metrics import Metrics

_NAME = "portal"


@dataclass(frozen=True)
class Resources:
    """All that one application knows and remembers, apart from its database connections.

    Args:
        environment: what the instance was given.
        secrets: where the database's credentials and the signing keys are read.
        keys: what signs tokens, links and receipts.
        media: the bucket of the videos.
        queue: the queue of the videos to process.
        revocations: the bearer tokens that hold no more.
        votes: how many votes each account has cast lately.
        metrics: what was counted and measured.
        checks: the questions of the deep health check and their latest answers.
        rankings: ranking pages rendered a moment ago.
        is_closing: tells whether the portal was told to stop, so that balancers send no more.
    """

    environment: PortalEnvironment
    secrets: SecretStore
    keys: SigningKeys
    media: MediaStore
    queue: VideoQueue
    revocations: Revocations
    votes: VoteLimiter
    metrics: Metrics
    checks: Inspection
    rankings: SingleFlightCache
    is_closing: Callable[[], bool]


def register(app: Flask, held: Resources) -> None:
    """Give an application its resources, in place of those it had."""
    app.extensions[_NAME] = held


def resources_of(app: Flask) -> Resources:
    """The resources of an application."""
    held: Resources = app.extensions[_NAME]
    return held


def resources() -> Resources:
    """The resources of the application at work."""
    return resources_of(current_app)
