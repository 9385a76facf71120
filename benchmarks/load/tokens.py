"""Prints bearer tokens of the first users, issued like the portal's: ``python -m benchmarks.load.tokens COUNT``."""

from __future__ import annotations

import dataclasses
import os
import sys

from sqlalchemy import text

from services.contest.users import User
from services.environment import PortalEnvironment
from services.portal import create_app
from services.portal.accounts.identity import issue_token
from services.portal.database import statements


def main() -> None:
    """Print one token per line."""
    columns = ", ".join(field.name for field in dataclasses.fields(User))
    with create_app(PortalEnvironment.from_variables(os.environ)).app_context():
        with statements() as connection:
            rows = connection.execute(
                text(f"SELECT {columns} FROM users ORDER BY id LIMIT :count"), {"count": int(sys.argv[1])}
            ).all()
        for row in rows:
            sys.stdout.write(f"{issue_token(User(**row._mapping))}\n")


if __name__ == "__main__":
    main()
