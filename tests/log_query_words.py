"""Which events and fields a saved query of the logs speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from stacks.log_queries import log_queries

_WORDS = {"fields", "filter", "stats", "sort", "limit", "by", "as", "and", "or", "not", "in", "like", "asc", "desc"}
_QUERIES = {each.name: each.query for each in log_queries(portal="/portal", worker="/worker")}

Line = Mapping[str, object]


def fields(query: str) -> set[str]:
    """The fields of log lines a query names, without those that CloudWatch adds to each line."""
    bare = re.sub(r'"[^"]*"|/(?:\\.|[^/\n])+/', " ", query)
    made = set(re.findall(r"\bas (\w+)", bare))
    words = re.findall(r"(?<![@\w])[A-Za-z_]\w*(?!\w*\()", bare)
    return set(words) - _WORDS - made


def events(query: str) -> set[str]:
    """The happenings a query asks for, by the names they have in the lines."""
    return {
        text
        for chosen in re.findall(r'event (?:= "[^"]+"|in \[[^\]]+\])', query)
        for text in re.findall(r'"([^"]+)"', chosen)
    }


def unanswered(name: str, lines: Iterable[Line]) -> set[str]:
    """What a query asks for and these lines do not have: events, and fields of the lines it looks at.

    Args:
        name: of the query.
        lines: what a service wrote.
    """
    query = _QUERIES[name]
    asked = events(query)
    matching = [line for line in lines if not asked or line["event"] in asked]
    return (asked - {str(line["event"]) for line in matching}) | (
        fields(query) - {key for line in matching for key in line}
    )
