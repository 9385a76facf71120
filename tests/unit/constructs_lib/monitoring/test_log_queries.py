"""LogQueries: saved queries in a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from once import once
from syrupy.assertion import SnapshotAssertion

from constructs_lib import ConstructError, LogQueries, LogQuery
from constructs_lib.foundation import cdk
from constructs_lib.testing import Template, synth

SLOW = LogQuery(name="slow", log_groups=["/shop/web"], query="filter ms > 500")


@once
def synthesize(queries: Sequence[LogQuery] = (SLOW,), **changes: Any) -> Template:
    def build(stack: cdk.TerraformStack) -> None:
        LogQueries(stack, "questions", queries=queries, **{"name": "shop", **changes})

    return synth(build)


@pytest.mark.snapshot
def test_log_queries(recorded: SnapshotAssertion) -> None:
    errors = LogQuery(name="errors", log_groups=["/shop/web", "/shop/worker"], query='filter level = "error"')

    assert synthesize([SLOW, errors]).readable() == recorded


def test_query_is_saved_in_the_folder_with_its_log_groups() -> None:
    saved = synthesize().one("aws_cloudwatch_query_definition")

    assert (saved["name"], saved["log_group_names"], saved["query_string"]) == (
        "shop/slow",
        ["/shop/web"],
        "filter ms > 500",
    )


def test_folder_is_named_after_the_construct_by_default() -> None:
    assert synthesize(name=None).one("aws_cloudwatch_query_definition")["name"] == "test-questions/slow"


def query(**changes: Any) -> LogQuery:
    return LogQuery(**{"name": "slow", "log_groups": ["/shop/web"], "query": "filter ms > 500", **changes})


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([], "test/questions: queries is 0; must be at least 1. Fix: add a query."),
        ([query(), query()], "queries.name is 'slow'; must be unique. Fix: rename one of the queries."),
        ([query(log_groups=[])], "slow.log_groups is 0; must be between 1 and 50. Fix: list the log groups to query"),
        ([query(log_groups=["/a"] * 51)], "slow.log_groups is 51; must be between 1 and 50."),
        ([query(query=" \n")], "slow.query is 0; must be between 1 and 10000 characters. Fix: write one query"),
        ([query(query="x" * 10_001)], "slow.query is 10001; must be between 1 and 10000 characters."),
        ([query(name="Slow ones")], "queries.name is 'Slow ones'"),
    ],
)
def test_invalid_arguments_are_rejected(queries: list[LogQuery], message: str) -> None:
    with pytest.raises(ConstructError, match=re.escape(message)):
        synthesize(queries)


def test_folder_name_may_not_contain_a_slash() -> None:
    with pytest.raises(ConstructError, match=r"name is 'shop/web'"):
        synthesize(name="shop/web")
