"""Administer the video queue and its dead letters in one environment."""

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
    """Administers the video queue.

    Args:
        sqs: SQS client.
        queue_url: URL of the video queue.
        engine: Database of the services.
    """

    sqs: Any
    queue_url: str
    engine: Engine

    @property
    def dead_url(self) -> str:
        """URL of the dead-letter queue.

        Raises:
            UserError: The queue has none.
        """
        url = dead_letter_url(self.sqs, self.queue_url)
        if url is None:
            raise UserError(f"{self.queue_url} has no dead-letter queue: it has no redrive policy.")
        return url

    def count_dead_letters(self) -> int:
        """Return the approximate number of dead letters."""
        return queue_state(self.sqs, self.dead_url).visible

    def redrive(self, *, reason: str, most: int) -> Iterator[str]:
        """Move dead letters back; yield the video ID of each, or its message ID if it has none.

        Args:
            reason: Reason, stored in the database.
            most: Maximum number of messages.
        """
        operator = _operator()
        for letter in redrive(self.engine, self.sqs, self.queue_url, reason=reason, operator=operator, most=most):
            yield str(letter.video_id or letter.id)

    def show(self, console: Console, *, most: int) -> None:
        """Print the state of the queue, the videos and the dead letters.

        Args:
            console: Where to print.
            most: Maximum number of dead letters to list.
        """
        live, dead = queue_state(self.sqs, self.queue_url), queue_state(self.sqs, self.dead_url)
        with self.engine.connect() as connection:
            states = videos_by_state(connection)
        table = Table("queue", "waiting", "in flight", "delayed")
        for name, state in (("videos", live), ("dead letters", dead)):
            table.add_row(name, str(state.visible), str(state.in_flight), str(state.delayed))
        console.print(table)
        console.print(_videos_table(states))
        console.print("Ages come from the database; SQS reports message ages only to CloudWatch.", style="dim")
        if dead.visible and most:
            console.print(_dead_letters_table(peek(self.sqs, self.dead_url, most=most)))
        if dead.visible:
            console.print('Move them back: ./anb queue redrive --reason "what was fixed"', style="dim")


@contextmanager
def open_admin() -> Iterator[QueueAdmin]:
    """Connect to the queue and database of the current environment.

    Raises:
        UserError: Nothing is running, a variable is missing or invalid, or the queue or database is unreachable.
    """
    variables = _variables()
    try:
        environment = ServiceEnvironment.from_variables(variables)
    except EnvironmentProblem as error:
        raise UserError(f"The environment variables are incomplete:\n{error}") from None
    # boto3 and the secret store read the process's environment.
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
    """Return this process's variables if they name a queue, else those of the portal of ./anb up."""
    if os.environ.get("QUEUE_URL"):
        return os.environ
    state = StateFile(paths.local_directory()).read()
    portal = state.children.get("portal") if state is not None and state.phase == RUNNING else None
    if portal is None or not portal.alive:
        raise UserError(
            "Nothing is up. Start it with ./anb up, or set QUEUE_URL and the rest of services/environment.py."
        )
    variables: dict[str, str] = psutil.Process(portal.pid).environ()
    return variables


def _operator() -> str:
    try:
        return getpass.getuser()[:100]
    except OSError:
        return f"uid {os.getuid()}"


def _videos_table(states: list[VideosByState]) -> Table:
    table = Table("videos", "count", "oldest")
    for state in states:
        table.add_row(state.state, str(state.videos), age(state.oldest_seconds) if state.videos else "")
    return table


def _dead_letters_table(letters: list[DeadLetter]) -> Table:
    table = Table("dead letter", "age", "video or content")
    for letter in letters:
        content = str(letter.video_id) if letter.video_id else repr(letter.body[:_SHOWN_CHARACTERS])
        table.add_row(letter.id, age(letter.age_seconds), content)
    return table


def age(seconds: float) -> str:
    """Format an age, such as 3 min."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
