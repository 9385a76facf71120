"""Grants and revokes the right to moderate: ``python -m services.contest.moderators grant ana@example.com``.

Runs on an instance of the portal, or with the portal's environment variables. It needs permission to read the
database's secret.
"""

from __future__ import annotations

import os
import sys

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from services.contest.moderation import set_moderator
from services.environment import EnvironmentProblem, ServiceEnvironment
from services.shared.aws import aws_client
from services.shared.database import DatabaseConnector, open_engine
from services.shared.secrets import SecretStore

USAGE = "usage: python -m services.contest.moderators grant|revoke EMAIL"


def main(arguments: list[str]) -> int:
    """Run a command against the database named by the environment variables; return the exit code."""
    if len(arguments) != 2 or arguments[0] not in ("grant", "revoke"):
        return _fail(USAGE)
    verb, email = arguments
    try:
        environment = ServiceEnvironment.from_variables(os.environ)
        connector = DatabaseConnector(environment, SecretStore(aws_client("secretsmanager", environment.aws_region)))
        with open_engine(connector, pool_size=1).begin() as connection:
            known = set_moderator(connection, email, moderator=verb == "grant")
    except (EnvironmentProblem, psycopg.OperationalError, SQLAlchemyError) as problem:
        return _fail(str(problem))
    if not known:
        return _fail(f"{email} has no account; sign up in the portal first")
    print(f"{email} is {'now' if verb == 'grant' else 'no longer'} a moderator")  # noqa: T201
    return 0


def _fail(reason: str) -> int:
    print(reason, file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
