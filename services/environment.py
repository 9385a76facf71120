"""Environment variables of the services: the typed contract between the infrastructure and the services.

The stacks build one of these classes from resource attributes and render it into the instance's launch template; the
service parses it from ``os.environ``. A variable's name is the field's name in capitals: ``database_host`` is
``DATABASE_HOST``.

    variables = PortalEnvironment(...).as_variables()
    environment = PortalEnvironment.from_variables(os.environ)
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Mapping

PORTAL_THREADS = 8
"""Maximum number of concurrent requests of a portal process. There is one process per core."""

PORTAL_CONNECTIONS_PER_CORE = PORTAL_THREADS + 1
"""Database connections of a portal process: one per request thread and one for the scheduler."""

WORKER_CONNECTIONS_PER_JOB = 2
"""Database connections of a worker per concurrent job: one for the job and one for the thread that renews its claim."""

PORTAL_KEEP_ALIVE_SECONDS = 75
"""Keep-alive timeout of the portal: longer than the idle timeout of the load balancer."""

PORTAL_REQUEST_SECONDS = 60
"""Maximum duration of a request: the load balancer's timeout, and the longest that a stopping portal waits."""

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


class EnvironmentProblem(ValueError):
    """Environment variables are missing or invalid.

    Args:
        problems: One sentence per missing or invalid variable.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_ORIGIN = re.compile(
    r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?"
)


def _setting(
    meaning: str,
    *,
    at_least: int | None = None,
    one_of: tuple[str, ...] = (),
    entry_pattern: re.Pattern[str] | None = None,
    entry_description: str = "",
) -> typing.Any:
    metadata = {
        "meaning": meaning,
        "at_least": at_least,
        "one_of": one_of,
        "entry_pattern": entry_pattern,
        "entry_description": entry_description,
    }
    return dataclasses.field(metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServiceEnvironment:
    """Variables of both services."""

    environment_name: str = _setting("name of the deployment, prefix of all resource names")
    aws_region: str = _setting("region of the bucket, the queue and the secrets")
    release: str = _setting("content hash of the running release")
    database_host: str = _setting("address of PostgreSQL")
    database_port: int = _setting("port of PostgreSQL", at_least=1)
    database_name: str = _setting("name of the database")
    database_secret_arn: str = _setting("secret with the JSON keys username and password, read at run time")
    database_ssl_mode: str = _setting(
        "libpq sslmode: verify-full, or disable on loopback", one_of=("disable", "verify-full")
    )
    database_ca_file: str | None = _setting(
        "PEM file of the authorities that may sign the database's certificate; empty for those of RDS, in the release"
    )
    media_bucket: str = _setting("bucket of uploads/ and processed/")
    queue_url: str = _setting("queue of the videos to process")
    log_group: str | None = _setting("CloudWatch Logs group for log lines; empty for none")

    def as_variables(self) -> dict[str, str]:
        """Render the environment as variables, in the order of the fields."""
        values = {field.name.upper(): getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: _render(value) for name, value in values.items()}

    @classmethod
    def variable_names(cls) -> tuple[str, ...]:
        """Return the names of the variables, in the order of the fields."""
        return tuple(field.name.upper() for field in dataclasses.fields(cls))

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> typing.Self:
        """Parse and validate the environment of a process.

        Args:
            variables: Usually ``os.environ``. Other variables are ignored.

        Raises:
            EnvironmentProblem: Variables are missing or invalid.
        """
        types = typing.get_type_hints(cls)
        values: dict[str, typing.Any] = {}
        problems: list[str] = []
        for field in dataclasses.fields(cls):
            name = field.name.upper()
            try:
                values[field.name] = _parse(field, types[field.name], variables.get(name))
            except ValueError as error:
                problems.append(f"{name} ({field.metadata['meaning']}): {error}")
        if problems:
            raise EnvironmentProblem(problems)
        return cls(**values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PortalEnvironment(ServiceEnvironment):
    """Variables of the portal."""

    portal_host: str = _setting("address the portal listens on: 0.0.0.0 on an instance, loopback for local use")
    portal_port: int = _setting("port the portal listens on", at_least=1)
    drain_seconds: int = _setting(
        "time the portal keeps serving after a stop signal, until load balancers have deregistered it, in seconds",
        at_least=0,
    )
    token_secret_arn: str = _setting("secret with the signing key of tokens, read at run time")
    token_seconds: int = _setting("lifetime of a token, in seconds", at_least=60)
    secure_cookies: bool = _setting("whether browsers reach the portal over HTTPS only")
    proxy_hops: int = _setting("number of proxies in front of the portal", at_least=0)
    max_upload_bytes: int = _setting("maximum size of a video, in bytes", at_least=1)
    public_hosts: tuple[str, ...] = _setting(
        "comma-separated public host names of the portal; empty for any",
        entry_pattern=_HOST,
        entry_description="a lowercase host name such as anb.example",
    )
    cors_origins: tuple[str, ...] = _setting(
        "comma-separated origins of other sites that may call the API; empty for none",
        entry_pattern=_ORIGIN,
        entry_description="an origin such as https://front.example (http for localhost only)",
    )
    revoke_bearer_on_logout: bool = _setting("whether signing out revokes the bearer token")


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerEnvironment(ServiceEnvironment):
    """Variables of the worker."""

    worker_concurrency: int = _setting("number of videos processed at once", at_least=1)
    visibility_seconds: int = _setting("visibility timeout of a message between heartbeats, in seconds", at_least=10)
    max_job_seconds: int = _setting("maximum processing time of a video, in seconds", at_least=10)
    max_clip_seconds: int = _setting("maximum duration of the player's clip that is kept, in seconds", at_least=1)
    enforce_clip_rules: bool = _setting("whether only clips of 20 to 60 seconds in 1080p or better are accepted")
    require_isolation: bool = _setting(
        "whether the worker refuses to start if it cannot isolate media programs from the network"
    )
    stop_seconds: int = _setting("stop timeout of the worker before it is killed, in seconds", at_least=10)


def _render(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)


def _parse(field: dataclasses.Field[typing.Any], kind: typing.Any, text: str | None) -> object:
    if kind == str | None and text is not None:
        return text.strip() or None
    if kind == tuple[str, ...] and text is not None:
        return _parse_list(field, text)
    if text is None or not text.strip():
        raise ValueError("is missing; the launch template sets it, and services/environment.py lists all variables")
    if kind is bool:
        if text not in ("True", "False"):
            raise ValueError(f"is {text!r}; must be True or False")
        return text == "True"
    if kind is int:
        at_least = field.metadata["at_least"]
        if not _WHOLE_NUMBER.fullmatch(text) or int(text) < at_least:
            raise ValueError(f"is {text!r}; must be an integer of at least {at_least}")
        return int(text)
    allowed = field.metadata["one_of"]
    if allowed and text not in allowed:
        raise ValueError(f"is {text!r}; must be one of {', '.join(allowed)}")
    return text


def _parse_list(field: dataclasses.Field[typing.Any], text: str) -> tuple[str, ...]:
    entries = tuple(entry.strip() for entry in text.split(",") if entry.strip())
    for entry in entries:
        if not field.metadata["entry_pattern"].fullmatch(entry):
            raise ValueError(f"contains {entry!r}; must be {field.metadata['entry_description']}")
    return entries
