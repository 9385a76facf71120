"""The library's tables of AWS equal their sources."""

from __future__ import annotations

import psycopg

from constructs_lib.database.reserved_names import KEYWORDS
from constructs_lib.foundation import offers
from tools.offers import FILE, render
from workspace.postgres import Cluster

NEWER_THAN_THE_SERVER = {"system_user"}
"""Words that PostgreSQL 16 reserves and the server of the tests may not."""


def test_offers_are_cfn_lints() -> None:
    assert FILE.read_text() == render(), "run python -m tools.offers"


def test_every_postgres_version_of_the_documents_exists() -> None:
    assert (min(offers.postgres_versions()), max(offers.postgres_versions())) == (11, 18), "as PostgresDatabase says"


def test_reserved_words_are_postgresqls(postgres_server: Cluster) -> None:
    with psycopg.connect(postgres_server.url("postgres")) as connection:
        words = connection.execute("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')").fetchall()

    assert {word for (word,) in words} | NEWER_THAN_THE_SERVER == KEYWORDS
