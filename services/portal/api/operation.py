"""A route's contract, declared beside it: enforced for each request and described in the OpenAPI document."""

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
    """Requests that a route accepts and responses that it returns.

    Args:
        answers: Types of the successful responses, by status; None for a response without JSON.
        refuses: Error texts, by status.
        body: Model of the JSON body. Default: no body.
        multipart: Schema of the multipart form. Default: no form.
        query: Schemas of the query parameters.
        signed_in: Whether the caller must be signed in.
        moderators_only: Whether the caller must be a moderator.
        has_dependencies: Whether the route needs the database or AWS and answers 503 without them.
    """

    answers: Mapping[int, Any]
    refuses: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    body: type[BaseModel] | None = None
    multipart: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    signed_in: bool = False
    moderators_only: bool = False
    has_dependencies: bool = True


def operation(declared: Operation) -> Callable[[View], View]:
    """Enforce a view's contract; pass ``caller`` and ``form`` to the view if the contract declares them.

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
    """Return the contract of a view, or None if it declares none."""
    return getattr(view, _ATTRIBUTE, None)
