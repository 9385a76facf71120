"""JSON responses of the health checks."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12


class Health(TypedDict):
    """Whether the portal accepts requests or is shutting down."""

    status: Literal["healthy", "stopping"]
    timestamp: str
    version: str


class HealthCheck(TypedDict):
    """Result of a dependency check and its duration in milliseconds."""

    ok: bool
    ms: int
    problem: str | None


class RunningRelease(TypedDict):
    """The running release."""

    hash: str
    version: str
    commit: str


class Schema(TypedDict):
    """Version of the database schema and the minimum version that the release needs."""

    version: int | None
    expected: int
    ok: bool


class DeepHealth(TypedDict):
    """Health of the portal and its dependencies."""

    status: Literal["healthy", "unhealthy"]
    timestamp: str
    stopping: bool
    release: RunningRelease
    schema: Schema
    checks: dict[str, HealthCheck]
