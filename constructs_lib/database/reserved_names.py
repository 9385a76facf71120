"""Names of a PostgreSQL database and of its master user that RDS refuses."""

from __future__ import annotations

from constructs_lib.foundation.errors import Checks

_WORDS = (
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate "
    "collation column concurrently constraint create cross current_catalog current_date current_role "
    "current_schema current_time current_timestamp current_user default deferrable desc distinct do else end "
    "except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into "
    "is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on "
    "only or order outer overlaps placing primary references returning right select session_user similar some "
    "symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when "
    "where window with"
)
KEYWORDS = frozenset(_WORDS.split())
"""PostgreSQL's reserved words, as ``pg_get_keywords()`` returns them, with the ones that may be functions or types.
https://www.postgresql.org/docs/16/sql-keywords-appendix.html"""

_RESERVED_BY_RDS = frozenset(("admin", "db", "rdsadmin"))
"""RDS: "cannot be used as it is a reserved word used by the engine". https://github.com/aws/aws-cdk/pull/10597,
https://github.com/awslabs/aws-saas-boost/issues/180, https://github.com/aws-cloudformation/cfn-lint/pull/4425"""

_RESERVED_USERS = frozenset(("none", "public", "rdsrepladmin", "rdsproxyadmin", "rdstopmgr"))
"""PostgreSQL reserves the first two as roles, RDS has the others.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html"""

_RESERVED_DATABASES = frozenset(("template0", "template1"))


def check_database(checks: Checks, name: str) -> None:
    """Raise an error for the name of an initial database that RDS refuses.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html

    Args:
        checks: checks of the construct.
        name: name of the database.

    Raises:
        ConstructError: the name is too long, has other characters or is reserved.
    """
    checks.name("database", name, longest=63, owner="database", pattern=r"[A-Za-z_][A-Za-z0-9_]*")
    if name.lower() in KEYWORDS | _RESERVED_BY_RDS | _RESERVED_DATABASES:
        raise _error(checks, "database", name)


def check_username(checks: Checks, name: str) -> None:
    """Raise an error for the name of a master user that RDS refuses.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html

    Args:
        checks: checks of the construct.
        name: name of the master user.

    Raises:
        ConstructError: the name is too long, has other characters or is reserved.
    """
    checks.name("username", name, longest=63, owner="database user", pattern=r"[A-Za-z][A-Za-z0-9_]*")
    reserved = KEYWORDS | _RESERVED_BY_RDS | _RESERVED_USERS
    # PostgreSQL reserves the first prefix for its own roles, RDS has roles with the second.
    if name.lower() in reserved or name.lower().startswith(("pg_", "rds_")):
        raise _error(checks, "username", name)


def _error(checks: Checks, option: str, name: str) -> Exception:
    allowed = "a name that neither PostgreSQL nor RDS reserves"
    return checks.error(option, name, allowed=allowed, fix="choose another name, such as app_owner")
