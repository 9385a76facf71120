"""Appoints and dismisses moderators: ``python -m services.contest.moderators appoint ana@example.com``.

Run on an instance of the portal, or wherever its environment is given: whoever may read its secret may do this.
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

USAGE = "usage: python -m services.contest.moderators appoint|dismiss EMAIL"


def main(arguments: list[str]) -> int:
    """Run one command against the database of the process's environment; returns the exit code."""
    if len(arguments) != 2 or arguments[0] not in ("appoint", "dismiss"):
        return _refuse(USAGE)
    verb, email = arguments
    try:
        environment = ServiceEnvironment.from_variables(os.environ)
        connector = DatabaseConnector(environment, SecretStore(aws_client("secretsmanager", environment.aws_region)))
        with open_engine(connector, pool_size=1).begin() as connection:
            known = set_moderator(connection, email, moderator=verb == "appoint")
    except (EnvironmentProblem, psycopg.OperationalError, SQLAlchemyError) as problem:
        return _refuse(str(problem))
    if not known:
        return _refuse(f"{email} has no account; sign up in the portal first")
    print(f"{email} is {'now' if verb == 'appoint' else 'no longer'} a moderator")  # noqa: T201
    return 0


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
