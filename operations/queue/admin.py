"""What the command `queue` works with: the queue, its dead letters and the database of one environment."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from operations.local.state import RUNNING, StateFile
from services.environment import EnvironmentProblem, ServiceEnvironment
from services.shared.aws import AWS_ERRORS, aws_client
from services.shared.database import DatabaseConnector, open_engine
from services.shared.queue import queue_state
from services.shared.secrets import SecretStore
from services.videos.backlog import VideosByState, videos_by_state
from services.videos.dead_letters import DeadLetter, dead_letter_url, peek, redrive
from workspace import paths
from workspace.errors import UserError

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class QueueAdmin:
    """What the command works with.

    Args:
        sqs: an SQS client.
        queue_url: of the videos' queue.
        engine: the services' database.
    """

    sqs: Any
    queue_url: str
    engine: Engine

    @property
    def dead_url(self) -> str:
        """The URL of the dead-letter queue.

        Raises:
            UserError: the queue has none.
        """
        url = dead_letter_url(self.sqs, self.queue_url)
        if url is None:
            raise UserError(f"{self.queue_url} has no dead-letter queue; its redrive policy would name it.")
        return url

    def dead_letters(self) -> int:
        """How many lie there, about."""
        return queue_state(self.sqs, self.dead_url).visible

    def redrive(self, *, reason: str, most: int) -> Iterator[str]:
        """Move dead letters back; gives the video, or else the message, of each that was moved.

        Args:
            reason: why.
            most: how many.
        """
        operator = _operator()
        for letter in redrive(self.engine, self.sqs, self.queue_url, reason=reason, operator=operator, most=most):
            yield str(letter.video_id or letter.id)

    def show(self, console: Console, *, most: int) -> None:
        """Say how everything stands.

        Args:
            console: where.
            most: how many dead letters to look at.
        """
        alive, dead = queue_state(self.sqs, self.queue_url), queue_state(self.sqs, self.dead_url)
        with self.engine.connect() as connection:
            states = videos_by_state(connection)
        table = Table("queue", "waiting", "in flight", "delayed")
        for name, state in (("videos", alive), ("dead letters", dead)):
            table.add_row(name, str(state.visible), str(state.in_flight), str(state.delayed))
        console.print(table)
        console.print(_videos(states))
        console.print("The videos' ages are the database's: SQS tells its oldest to CloudWatch alone.", style="dim")
        if dead.visible and most:
            console.print(_letters(peek(self.sqs, self.dead_url, most=most)))
        if dead.visible:
            console.print('./anb queue redrive --reason "what was mended" moves them back.', style="dim")


@contextmanager
def open_desk() -> Iterator[QueueAdmin]:
    """What the environment names.

    Raises:
        UserError: nothing is up, a variable is missing or wrong, or the queue or the database does not answer.
    """
    variables = _variables()
    try:
        environment = ServiceEnvironment.from_variables(variables)
    except EnvironmentProblem as problem:
        raise UserError(f"The environment names no queue:\n{problem}") from None
    # boto3 and the secrets look here.
    os.environ.update(variables)
    region = environment.aws_region
    connector = DatabaseConnector(environment, SecretStore(aws_client("secretsmanager", region)))
    engine = open_engine(connector, pool_size=1)
    try:
        yield QueueAdmin(aws_client("sqs", region), environment.queue_url, engine)
    except AWS_ERRORS as error:
        raise UserError(f"AWS does not answer for {environment.queue_url}: {error}") from None
    except SQLAlchemyError as error:
        where = f"{environment.database_host}:{environment.database_port}"
        raise UserError(f"The database at {where} does not answer: {str(error).splitlines()[0]}") from None
    finally:
        engine.dispose()


def _variables() -> Mapping[str, str]:
    """Those of this process where they name a queue, else those of the portal of ./anb up."""
    if os.environ.get("QUEUE_URL"):
        return os.environ
    state = StateFile(paths.local_directory()).read()
    portal = state.children.get("portal") if state is not None and state.phase == RUNNING else None
    if portal is None or not portal.alive:
        raise UserError(
            "Nothing is up. Start it with ./anb up, or give the variables of services/environment.py, QUEUE_URL first."
        )
    found: dict[str, str] = psutil.Process(portal.pid).environ()
    return found


def _operator() -> str:
    try:
        return getpass.getuser()[:100]
    except OSError:
        return f"uid {os.getuid()}"


def _videos(states: list[VideosByState]) -> Table:
    table = Table("videos", "how many", "oldest")
    for state in states:
        table.add_row(state.state, str(state.videos), age(state.oldest_seconds) if state.videos else "")
    return table


def _letters(letters: list[DeadLetter]) -> Table:
    table = Table("dead letter", "age", "video or content")
    for letter in letters:
        content = str(letter.video_id) if letter.video_id else repr(letter.body[:_SHOWN_CHARACTERS])
        table.add_row(letter.id, age(letter.age_seconds), content)
    return table


def age(seconds: float) -> str:
    """How long something lies there, such as 3 min."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
