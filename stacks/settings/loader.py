"""Load a deployment's settings from its file and from variables; report every problem at once."""

from __future__ import annotations

import dataclasses
import difflib
import pathlib
import tomllib
import typing
from collections.abc import Mapping

import pydantic

from stacks.settings.model import REMOVED_SETTINGS, Settings
from stacks.settings.rules import RULES

PREFIX = "ANB_"
ENVIRONMENT = "ANB_ENVIRONMENT"
DEFAULT_ENVIRONMENT = "production"


@dataclasses.dataclass(frozen=True)
class SettingProblem:
    """A setting that cannot be used.

    Args:
        where: the file and key, or the variable.
        value: the value.
        allowed: the allowed values; completes "must be ...".
        fix: what the operator should do.
        detail: why the value is not allowed, where the allowed values do not show it.
    """

    where: str
    value: object
    allowed: str
    fix: str
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.where} is {self.value!r}; must be {self.allowed}{detail}. Fix: {self.fix}."


class SettingsError(Exception):
    """The settings cannot be used.

    Args:
        problems: every problem.
    """

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load(variables: Mapping[str, str], folder: pathlib.Path) -> Settings:
    """Read and check the settings of a deployment.

    Args:
        variables: usually ``os.environ``; ``ANB_ENVIRONMENT`` chooses the file, ``production`` by default.
        folder: folder of ``<environment>.toml``.

    Raises:
        SettingsError: lists every problem.
    """
    name = variables.get(ENVIRONMENT, DEFAULT_ENVIRONMENT)
    file = folder / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.toml")))
        allowed = f"one of {known}" if known else f"the name of a .toml file in {folder}, which has none"
        raise SettingsError([SettingProblem(ENVIRONMENT, name, allowed, f"choose one, or write {file}")])
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([SettingProblem(str(file), str(error), "valid TOML", "correct the line")]) from None

    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for key, value in written.items():
        values[key], origins[key] = value, f"{key} in {file}"
    for variable, text in variables.items():
        key = variable.removeprefix(PREFIX).lower()
        # Not every ANB_ variable is a setting; a name close to a setting's is treated as a misspelling.
        if variable.startswith(PREFIX) and variable != ENVIRONMENT and _resembles_setting(key):
            values[key], origins[key] = _parse_variable(key, text), variable
    return _check(values, origins)


def _resembles_setting(key: str) -> bool:
    names = [*Settings.model_fields, *REMOVED_SETTINGS]
    return key in names or bool(difflib.get_close_matches(key, names, n=1, cutoff=0.85))


def _parse_variable(key: str, text: str) -> object:
    field = Settings.model_fields.get(key)
    if field is None:
        return text
    if typing.get_origin(field.annotation) is list:
        return [part.strip() for part in text.split(",") if part.strip()]
    if typing.get_origin(field.annotation) is typing.Literal and isinstance(field.default, int) and text.isdigit():
        return int(text)
    return text


def _check(values: dict[str, object], origins: dict[str, str]) -> Settings:
    problems: list[SettingProblem] = []
    invalid: set[str] = set()
    try:
        settings = Settings.model_validate(values)
    except pydantic.ValidationError as error:
        for detail in error.errors():
            key = str(detail["loc"][0])
            invalid.add(key)
            problems.append(_explain(key, detail["input"], origins[key]))
        # Rules between the valid settings are still checked.
        settings = Settings.model_validate({key: value for key, value in values.items() if key not in invalid})
    for rule in RULES:
        for violation in rule(settings):
            name = violation.setting
            if not invalid & {name, *violation.compared_with}:
                where = origins.get(name, f"{name} (default)")
                problems.append(SettingProblem(where, getattr(settings, name), violation.allowed, violation.fix))
    if problems:
        raise SettingsError(problems)
    return settings


def _explain(key: str, value: object, where: str) -> SettingProblem:
    if "password" in key or "secret" in key:
        value = "***"
    if key in REMOVED_SETTINGS:
        allowed = "left out, because the setting was removed"
        return SettingProblem(where, value, allowed, f"remove it; {REMOVED_SETTINGS[key]}")
    field = Settings.model_fields.get(key)
    if field is None:
        nearest = difflib.get_close_matches(key, Settings.model_fields, n=1, cutoff=0.0)[0]
        return SettingProblem(
            where, value, "a setting listed in docs/settings.md", f"if you meant {nearest}, rename it"
        )
    return SettingProblem(where, value, allowed_values(field), f"change {key} ({field.description})")


def allowed_values(field: pydantic.fields.FieldInfo) -> str:
    """Describe the allowed values of a setting, such as "a whole number from 1 to 10"; completes "must be ..."."""
    if typing.get_origin(field.annotation) is typing.Literal:
        return "one of " + ", ".join(str(option) for option in typing.get_args(field.annotation))
    if field.annotation is bool:
        return "true or false"
    bounds = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "le", "pattern", "min_length", "max_length")
        if getattr(rule, name, None) is not None
    }
    if field.annotation is int:
        return f"a whole number from {bounds['ge']} to {bounds['le']}"
    if typing.get_origin(field.annotation) is list:
        (member,) = typing.get_args(field.annotation)
        if typing.get_origin(member) is typing.Literal:
            return f"a list of {', '.join(typing.get_args(member))}"
        return "a list of origins such as https://anb.example"
    text = "text that is not empty" if bounds.get("min_length") else "text"
    if "pattern" in bounds:
        text += f" matching {bounds['pattern']}"
    return f"{text}, at most {bounds['max_length']} characters" if "max_length" in bounds else text
