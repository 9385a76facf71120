"""What one application holds: its environment and its ways to AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app

from services.core.queue import VideoQueue
from services.core.storage import MediaStore
from services.environment import PortalEnvironment
from services.portal.limits import Votes
from services.portal.revocations import Revocations
from services.portal.signing import SigningKeys

_NAME = "portal"


@dataclass(frozen=True)
class Resources:
    """The environment of an application, what reaches keys, videos and the queue, and what a process remembers."""

    environment: PortalEnvironment
    keys: SigningKeys
    media: MediaStore
    queue: VideoQueue
    revocations: Revocations
    votes: Votes
    is_closing: Callable[[], bool]


def register(app: Flask, held: Resources) -> None:
    """Give an application its resources."""
    app.extensions[_NAME] = held


def resources() -> Resources:
    """The resources of the application at work."""
    held: Resources = current_app.extensions[_NAME]
    return held
