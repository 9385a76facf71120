"""Request bodies of the API and the pages' forms, and their validation.

The error texts are those of go-playground/validator, which the original API used; clients show them unchanged. They
contain the names of these classes and fields, so a renamed class or field changes the API.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from flask import request
from flask_babel import gettext
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from services.portal.error_messages import rule_sentence
from services.portal.http.errors import BadRequest

MAX_JSON_BYTES = 64 * 1024
MOST_PARTS = 100
INVALID_FORMAT = "Invalid request format"
BROKEN_RULES = "Validation failed: %(broken)s"
# HTML's rule for <input type=email>; also requires a dot in the host, forbids two dots in a row, allows any script.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\uffff-]+"
_LABEL = r"[A-Za-z0-9\u00a1-\uffff](?:[A-Za-z0-9\u00a1-\uffff-]{0,61}[A-Za-z0-9\u00a1-\uffff])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_LONGEST_EMAIL = 254  # RFC 5321, erratum 1690
_RULES = {
    "missing": "required",
    "string_too_short": "min",
    "string_too_long": "max",
    "greater_than_equal": "min",
    "email": "email",
}


def _storable(text: str) -> str:
    # PostgreSQL cannot store NUL; U+FFFD replaces bytes that are not UTF-8.
    if "\0" in text or "\ufffd" in text:
        raise PydanticCustomError("not_text", "holds characters that cannot be stored")
    return text


def _email(text: str) -> str:
    if len(text) > _LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        raise PydanticCustomError("email", "is no e-mail address")
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise PydanticCustomError("network", "is no network such as 192.0.2.0/24") from None


STORABLE = AfterValidator(_storable)
Name = Annotated[str, StringConstraints(min_length=2, max_length=50), STORABLE]
Password = Annotated[str, StringConstraints(min_length=8), STORABLE]
Title = Annotated[str, StringConstraints(min_length=5, max_length=100), STORABLE]
Email = Annotated[
    str,
    StringConstraints(min_length=1),
    STORABLE,
    AfterValidator(_email),
    Field(json_schema_extra={"format": "email"}),
]


# Bounds that both Python (up to the year 9999) and PostgreSQL can store.
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC))]


class UserRegistration(BaseModel):
    """Data of a new account."""

    first_name: Name
    last_name: Name
    email: Email
    password1: Password
    password2: Password
    city: Name
    country: Name


class UserLogin(BaseModel):
    """Credentials of an account."""

    email: Email
    password: Annotated[str, StringConstraints(min_length=1), STORABLE]


class PasswordChange(BaseModel):
    """The current password and the new one, twice."""

    current_password: Annotated[str, StringConstraints(min_length=1), STORABLE]
    password1: Password
    password2: Password


class VideoUpload(BaseModel):
    """Data of a video that is uploaded through the form."""

    title: Title


class DirectUpload(BaseModel):
    """Data of a video that the browser will send straight to the bucket."""

    title: Title
    filename: Annotated[str, StringConstraints(min_length=1, max_length=1000), STORABLE]
    size: Annotated[int, Field(ge=1, description="size of the file in bytes")]
    is_public: bool = False
    fingerprint: Annotated[
        str,
        StringConstraints(max_length=64),
        STORABLE,
        Field(description="any text that identifies the file; returned when the upload is continued"),
    ] = ""


class WantedParts(BaseModel):
    """Numbers of the parts to sign."""

    numbers: Annotated[list[int], Field(min_length=1, max_length=MOST_PARTS, description="from 1")]


class Reason(BaseModel):
    """Reason for a moderator's action."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), STORABLE]


class NetworkVotes(Reason):
    """Votes from a network; null stands for votes whose network was not recorded."""

    network: Annotated[str, AfterValidator(_network)] | None


class NewVotingPeriod(Reason):
    """The voting period; null stands for no limit."""

    opens_at: Moment | None
    freezes_at: Moment | None
    closes_at: Moment | None


class InvalidFields(BadRequest):
    """One or more fields break a rule.

    Args:
        form: Name of the request model.
        broken: Broken rule by field: required, min, max or email.
    """

    def __init__(self, form: str, broken: dict[str, str]) -> None:
        lines = [
            f"Key: '{form}.{_camel(field)}' Error:Field validation for '{_camel(field)}' failed on the '{rule}' tag"
            for field, rule in broken.items()
        ]
        super().__init__(BROKEN_RULES, broken="\n".join(lines))
        self.broken = broken

    def translated(self) -> str:
        """Explain each broken rule in the current language."""
        lines = [f"{field}: {rule_sentence(field, rule)}" for field, rule in self.broken.items()]
        return str(gettext(BROKEN_RULES, broken="\n".join(lines)))


Form = TypeVar("Form", bound=BaseModel)


def read_json(form: type[Form]) -> Form:
    """Parse and validate the request's JSON body; its Content-Type is ignored, as in the original API.

    Raises:
        BadRequest: the body is not a JSON object, or a value has the wrong type.
        InvalidFields: a field breaks a rule.
    """
    request.max_content_length = MAX_JSON_BYTES
    return _validate(form, lambda: form.model_validate_json(request.get_data()))


def read_fields(form: type[Form], fields: Mapping[str, str | None]) -> Form:
    """Validate the fields of an HTML form.

    Raises:
        InvalidFields: a field breaks a rule.
    """
    return _validate(form, lambda: form.model_validate(fields))


def _validate(form: type[Form], read: Callable[[], Form]) -> Form:
    try:
        return read()
    except ValidationError as problem:
        broken: dict[str, str] = {}
        for error in problem.errors(include_url=False):
            rule = _rule(error)
            if rule is None:
                raise BadRequest(INVALID_FORMAT) from None
            broken[str(error["loc"][0])] = rule
        raise InvalidFields(form.__name__, broken) from None


def _rule(error: ErrorDetails) -> str | None:
    """Map a pydantic error to a rule of go-playground; return None if the value has the wrong type."""
    # Go's zero value: null and empty count as missing.
    if len(error["loc"]) == 1 and error["input"] in (None, ""):
        return "required"
    return _RULES.get(error["type"])


def _camel(field: str) -> str:
    return "".join(part.capitalize() for part in field.split("_"))
