"""The contract between the infrastructure and the services: every variable an instance is given.

The infrastructure builds one of these from its own references and renders it into the
instance; the service reads it back from ``os.environ``. A field's variable is its name in
capitals, so ``database_host`` travels as ``DATABASE_HOST``.

    variables = PortalEnvironment(...).as_variables()
    environment = PortalEnvironment.from_variables(os.environ)
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Mapping

PORTAL_THREADS = 8
"""How many requests one process of the portal answers at once; it has one process for each core."""

PORTAL_CONNECTIONS_PER_CORE = PORTAL_THREADS + 1
"""The database's connections: one for each thread that serves, and one for the housekeeper."""

WORKER_CONNECTIONS_PER_JOB = 2
"""The database's connections: one for the job, and one for the thread that keeps its claim."""

PORTAL_KEEP_ALIVE_SECONDS = 75
"""How long the portal keeps a quiet connection: longer than the load balancer in front of it does."""

PORTAL_REQUEST_SECONDS = 60
"""How long one answer may take: the load balancer gives up after it, and a stopping portal waits for no longer."""

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


class EnvironmentProblem(ValueError):
    """The variables an instance was given cannot be used.

    Args:
        problems: one sentence for each variable that is missing or wrong.
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
    each: re.Pattern[str] | None = None,
    such_as: str = "",
) -> typing.Any:
    checks = {"at_least": at_least, "one_of": one_of, "each": each, "such_as": such_as}
    return dataclasses.field(metadata={"meaning": meaning, **checks})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServiceEnvironment:
    """What both services are given."""

    environment_name: str = _setting("name of the deployment, the prefix of every resource's name")
    aws_region: str = _setting("region of the bucket, the queue and the secrets")
    release: str = _setting("content hash of the release that runs")
    database_host: str = _setting("address of PostgreSQL")
    database_port: int = _setting("port of PostgreSQL", at_least=1)
    database_name: str = _setting("name of the database")
    database_secret_arn: str = _setting("secret holding the JSON keys username and password, read at run time")
    database_ssl_mode: str = _setting(
        "libpq sslmode", one_of=("disable", "prefer", "require", "verify-ca", "verify-full")
    )
    media_bucket: str = _setting("bucket of uploads/ and processed/")
    queue_url: str = _setting("queue of the videos to process")
    log_group: str | None = _setting("group of CloudWatch Logs that log lines go to; empty for none")

    def as_variables(self) -> dict[str, str]:
        """The environment as the strings a process is given, in the order of the fields."""
        values = {field.name.upper(): getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: _render(value) for name, value in values.items()}

    @classmethod
    def variable_names(cls) -> tuple[str, ...]:
        """The names of the variables, in the order of the fields."""
        return tuple(field.name.upper() for field in dataclasses.fields(cls))

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> typing.Self:
        """Read and check the environment of a process.

        Args:
            variables: usually ``os.environ``; variables of other programs are ignored.

        Raises:
            EnvironmentProblem: with one sentence for every missing or wrong variable.
        """
        kinds = typing.get_type_hints(cls)
        values: dict[str, typing.Any] = {}
        problems: list[str] = []
        for field in dataclasses.fields(cls):
            name = field.name.upper()
            try:
                values[field.name] = _parse(field, kinds[field.name], variables.get(name))
            except ValueError as error:
                problems.append(f"{name} ({field.metadata['meaning']}): {error}")
        if problems:
            raise EnvironmentProblem(problems)
        return cls(**values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PortalEnvironment(ServiceEnvironment):
    """What an instance of the portal is given."""

    portal_host: str = _setting("address the portal listens on: 0.0.0.0 on an instance, loopback on one machine")
    portal_port: int = _setting("port the portal listens on", at_least=1)
    drain_seconds: int = _setting(
        "how long the portal serves on after it was told to stop, until balancers have noticed, in seconds", at_least=0
    )
    token_secret_arn: str = _setting("secret holding the key that signs tokens, read at run time")
    token_seconds: int = _setting("lifetime of a token, in seconds", at_least=60)
    secure_cookies: bool = _setting("whether browsers reach the portal over HTTPS only")
    proxy_hops: int = _setting("how many proxies stand in front of the portal", at_least=0)
    max_upload_bytes: int = _setting("largest video accepted, in bytes", at_least=1)
    public_hosts: tuple[str, ...] = _setting(
        "names that browsers reach the portal by, between commas; empty for any",
        each=_HOST,
        such_as="host names in small letters such as anb.example",
    )
    cors_origins: tuple[str, ...] = _setting(
        "origins of other sites whose pages may call the API, between commas; empty for none",
        each=_ORIGIN,
        such_as="origins such as https://front.example, with http for this machine alone",
    )
    revoke_bearer_on_logout: bool = _setting("whether a bearer token ends when its owner signs out")


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerEnvironment(ServiceEnvironment):
    """What an instance of the worker is given."""

    worker_concurrency: int = _setting("videos processed side by side", at_least=1)
    visibility_seconds: int = _setting("how long a received message stays hidden between heartbeats", at_least=10)
    max_job_seconds: int = _setting("longest time one video may take", at_least=10)
    max_clip_seconds: int = _setting("how much of the player's clip is kept, in seconds", at_least=1)
    enforce_clip_rules: bool = _setting("whether only clips of 20 to 60 seconds in 1080p or better are accepted")
    require_isolation: bool = _setting(
        "whether the worker refuses to start where programs that read videos cannot be cut off from the network"
    )
    stop_seconds: int = _setting("how long the worker may take to end before it is killed", at_least=10)


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
        raise ValueError("is missing; the launch template gives it, and services/environment.py lists them all")
    if kind is bool:
        if text not in ("True", "False"):
            raise ValueError(f"is {text!r}; allowed are True and False")
        return text == "True"
    if kind is int:
        at_least = field.metadata["at_least"]
        if not _WHOLE_NUMBER.fullmatch(text) or int(text) < at_least:
            raise ValueError(f"is {text!r}; allowed are whole numbers from {at_least}")
        return int(text)
    allowed = field.metadata["one_of"]
    if allowed and text not in allowed:
        raise ValueError(f"is {text!r}; allowed are {', '.join(allowed)}")
    return text


def _parse_list(field: dataclasses.Field[typing.Any], text: str) -> tuple[str, ...]:
    entries = tuple(entry.strip() for entry in text.split(",") if entry.strip())
    for entry in entries:
        if not field.metadata["each"].fullmatch(entry):
            raise ValueError(f"holds {entry!r}; allowed are {field.metadata['such_as']}")
    return entries
