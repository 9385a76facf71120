"""A route's contract, declared beside it: enforced at run time and described in the OpenAPI document."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from services.portal.accounts.identity import require_caller
from services.portal.moderation_service import require_moderator
from services.portal.request_models import read_json

View = Callable[..., ResponseReturnValue]
_ATTRIBUTE = "operation"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a route takes and answers.

    Args:
        answers: what it answers, by status; None for an answer without JSON.
        refuses: texts of its errors, by status.
        body: the JSON it takes.
        multipart: schema of the HTML form it takes.
        query: schemas of its query parameters.
        signed_in: whether it takes only people who are signed in.
        moderators_only: whether it takes only moderators among these.
        asks_others: whether it needs the database or the bucket, without which it answers 503.
    """

    answers: Mapping[int, Any]
    refuses: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    body: type[BaseModel] | None = None
    multipart: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    signed_in: bool = False
    moderators_only: bool = False
    asks_others: bool = True


def operation(declared: Operation) -> Callable[[View], View]:
    """Hold a view to its contract: it is given ``caller`` and ``form`` where the contract asks for them.

    Example:
        @operation(Operation(answers={200: Token}, body=UserLogin))
        def login(form: UserLogin) -> ResponseReturnValue: ...
    """

    def declare(view: View) -> View:
        @functools.wraps(view)
        def run(**arguments: Any) -> ResponseReturnValue:
            if declared.signed_in:
                arguments["caller"] = caller = require_caller()
                if declared.moderators_only:
                    require_moderator(caller)
            if declared.body is not None:
                arguments["form"] = read_json(declared.body)
            return view(**arguments)

        setattr(run, _ATTRIBUTE, declared)
        return run

    return declare


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """The contract of a view, or None where it declares none."""
    return getattr(view, _ATTRIBUTE, None)
