"""Saved queries of CloudWatch Logs Insights."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence

from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks

_MAX_LOG_GROUPS = 50
_MAX_QUERY_LENGTH = 10_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class LogQuery:
    """A query of log groups.

    Args:
        name: name of the query, such as ``errors-by-route``.
        log_groups: names of the log groups to query, 1 to 50.
        query: the query in the language of Logs Insights, one command per line.
            https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
    """

    name: str
    log_groups: Sequence[str]
    query: str


class LogQueries(cdk.Construct):
    """Saved queries of CloudWatch Logs Insights, in one folder.

        slow = LogQuery(name="slow", log_groups=[web.log_group_name], query="filter ms > 500")
        LogQueries(self, "questions", queries=[slow])

    Args:
        queries: the queries; their names must be unique.
        name: name of the folder; by default derived from the construct's path.
    """

    def __init__(self, scope: cdk.Construct, id: str, *, queries: Sequence[LogQuery], name: str | None = None) -> None:
        checks = Checks(scope, id)
        name = names.log_queries(checks, name)
        if not queries:
            raise checks.error("queries", 0, allowed="at least 1", fix="add a query")
        called = [each.name for each in queries]
        for each in queries:
            checks.name("queries.name", each.name, longest=100, owner="query", pattern=r"[a-z0-9](-?[a-z0-9])*")
            if called.count(each.name) > 1:
                raise checks.error("queries.name", each.name, allowed="unique", fix="rename one of the queries")
            if not 1 <= len(each.log_groups) <= _MAX_LOG_GROUPS:
                raise checks.error(
                    f"{each.name}.log_groups",
                    len(each.log_groups),
                    allowed=f"between 1 and {_MAX_LOG_GROUPS}",
                    fix="list the log groups to query",
                )
            if not 1 <= len(each.query.strip()) <= _MAX_QUERY_LENGTH:
                raise checks.error(
                    f"{each.name}.query",
                    len(each.query.strip()),
                    allowed=f"between 1 and {_MAX_QUERY_LENGTH} characters",
                    fix="write one query",
                )
        super().__init__(scope, id)
        for each in queries:
            cdk.aws.cloudwatch_query_definition.CloudwatchQueryDefinition(
                self,
                each.name,
                name=f"{name}/{each.name}",
                log_group_names=list(each.log_groups),
                query_string=inspect.cleandoc(each.query),
            )
        self.name = name
