"""The events and fields that saved log queries refer to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from stacks.log_queries import log_queries

_WORDS = {"fields", "filter", "stats", "sort", "limit", "by", "as", "and", "or", "not", "in", "like", "asc", "desc"}
_QUERIES = {query.name: query.query for query in log_queries(portal="/portal", worker="/worker")}

Line = Mapping[str, object]


def fields(query: str) -> set[str]:
    """List the fields that a query reads from log lines, without CloudWatch's own fields."""
    bare = re.sub(r'"[^"]*"|/(?:\\.|[^/\n])+/', " ", query)
    aliases = set(re.findall(r"\bas (\w+)", bare))
    words = re.findall(r"(?<![@\w])[A-Za-z_]\w*(?!\w*\()", bare)
    return set(words) - _WORDS - aliases


def events(query: str) -> set[str]:
    """List the event names that a query filters by."""
    return {
        text
        for condition in re.findall(r'event (?:= "[^"]+"|in \[[^\]]+\])', query)
        for text in re.findall(r'"([^"]+)"', condition)
    }


def missing_from(name: str, lines: Iterable[Line]) -> set[str]:
    """List the events and fields that a query refers to and that these log lines lack.

    Args:
        name: name of the saved query.
        lines: log lines of a service.
    """
    query = _QUERIES[name]
    wanted = events(query)
    matching = [line for line in lines if not wanted or line["event"] in wanted]
    return (wanted - {str(line["event"]) for line in matching}) | (
        fields(query) - {key for line in matching for key in line}
    )
