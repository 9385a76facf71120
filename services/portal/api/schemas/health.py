"""What the API answers about the portal's health."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on


class Health(TypedDict):
    """The portal answers, and wants requests or none any more."""

    status: Literal["healthy", "stopping"]
    timestamp: str
    version: str


class HealthCheck(TypedDict):
    """How a service that the portal needs answered, and after how many milliseconds."""

    ok: bool
    ms: int
    problem: str | None


class RunningRelease(TypedDict):
    """The release that runs."""

    hash: str
    version: str
    commit: str


class Schema(TypedDict):
    """The database's schema, and the version that the release needs at least."""

    version: int | None
    expected: int
    ok: bool


class DeepHealth(TypedDict):
    """The portal and what it needs."""

    status: Literal["healthy", "unhealthy"]
    timestamp: str
    stopping: bool
    release: RunningRelease
    schema: Schema
    checks: dict[str, HealthCheck]
