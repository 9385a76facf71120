"""Names that RDS refuses for a database and for its master user."""

from __future__ import annotations

import pytest

from constructs_lib import ConstructError
from constructs_lib.database.reserved_names import check_database, check_username
from constructs_lib.foundation.errors import Checks

CHECKS = Checks(None, "orders")


@pytest.mark.parametrize("name", ["user", "ADMIN", "rdsadmin", "db", "select", "pg_dba", "rds_superuser", "public"])
def test_reserved_username_is_rejected(name: str) -> None:
    with pytest.raises(ConstructError) as error:
        check_username(CHECKS, name)

    assert str(error.value) == (
        f"orders: username is '{name}'; must be a name that neither PostgreSQL nor RDS reserves. "
        "Fix: choose another name, such as app_owner."
    )


@pytest.mark.parametrize("name", ["db", "Admin", "user", "table", "rdsadmin", "template1"])
def test_reserved_database_name_is_rejected(name: str) -> None:
    with pytest.raises(ConstructError, match=f"orders: database is '{name}'; must be a name that neither"):
        check_database(CHECKS, name)


def test_usual_names_are_accepted() -> None:
    for name in ("postgres", "proyecto_1", "app", "shop", "users", "name", "rank"):
        check_username(CHECKS, name)
        check_database(CHECKS, name)
