"""Where settings come from, and the report of everything that is wrong with them."""

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
    """One thing that is wrong with the settings.

    Args:
        where: the file and key, or the variable.
        value: what was given.
        allowed: what would have been accepted.
        fix: what to do.
    """

    where: str
    value: object
    allowed: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where} is {self.value!r}; allowed {self.allowed}. To mend it: {self.fix}"


class SettingsError(Exception):
    """The settings cannot be used.

    Args:
        problems: all of them.
    """

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load(variables: Mapping[str, str], folder: pathlib.Path) -> Settings:
    """Read and check the settings of a deployment.

    Args:
        variables: usually ``os.environ``; ``ANB_ENVIRONMENT`` chooses the file, ``production`` by default.
        folder: where ``<environment>.toml`` lies.

    Raises:
        SettingsError: with every problem there is.
    """
    name = variables.get(ENVIRONMENT, DEFAULT_ENVIRONMENT)
    file = folder / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.toml"))) or f"none, {folder} has no .toml file"
        raise SettingsError([SettingProblem(ENVIRONMENT, name, f"are {known}", f"choose one, or write {file}")])
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([SettingProblem(str(file), str(error), "is valid TOML", "mend the line")]) from None

    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for key, value in written.items():
        values[key], origins[key] = value, f"{key} in {file}"
    for variable, text in variables.items():
        key = variable.removeprefix(PREFIX).lower()
        # Other variables of the project begin with ANB_ too; only a known name, or one close to it, is a setting.
        if variable.startswith(PREFIX) and variable != ENVIRONMENT and _is_meant(key):
            values[key], origins[key] = _from_text(key, text), variable
    return _check(values, origins)


def _is_meant(key: str) -> bool:
    names = [*Settings.model_fields, *REMOVED_SETTINGS]
    return key in names or bool(difflib.get_close_matches(key, names, n=1, cutoff=0.85))


def _from_text(key: str, text: str) -> object:
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
    wrong: set[str] = set()
    try:
        settings = Settings.model_validate(values)
    except pydantic.ValidationError as error:
        for detail in error.errors():
            key = str(detail["loc"][0])
            wrong.add(key)
            problems.append(_explain(key, detail["input"], str(detail["msg"]), origins))
        # Rules between the settings that are right can be checked all the same.
        settings = Settings.model_validate({key: value for key, value in values.items() if key not in wrong})
    for rule in RULES:
        for broken in rule(settings):
            if not wrong & {broken.setting, *broken.others}:
                where = origins.get(broken.setting, f"{broken.setting} (its default)")
                problems.append(SettingProblem(where, getattr(settings, broken.setting), broken.allowed, broken.fix))
    if problems:
        raise SettingsError(problems)
    return settings


def _explain(key: str, value: object, message: str, origins: Mapping[str, str]) -> SettingProblem:
    where = origins[key]
    if "password" in key or "secret" in key:
        value = "***"
    field = Settings.model_fields.get(key)
    if key in REMOVED_SETTINGS:
        return SettingProblem(where, value, "is nothing, the setting is gone", f"remove it: {REMOVED_SETTINGS[key]}")
    if field is None:
        near = difflib.get_close_matches(key, Settings.model_fields, n=1, cutoff=0.0)[0]
        return SettingProblem(where, value, "are the settings of stacks/settings/model.py", f"did you mean {near}?")
    return SettingProblem(where, value, allowed(field), f"{key} is {field.description} ({message})")


def allowed(field: pydantic.fields.FieldInfo) -> str:
    """What a setting may be, as the end of a sentence: "are 1 and 2", "is text"."""
    if typing.get_origin(field.annotation) is typing.Literal:
        return "are " + ", ".join(str(option) for option in typing.get_args(field.annotation))
    if field.annotation is bool:
        return "are true and false"
    bounds = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "le", "pattern", "max_length")
        if getattr(rule, name, None) is not None
    }
    if field.annotation is int:
        return f"are whole numbers from {bounds['ge']} to {bounds['le']}"
    if typing.get_origin(field.annotation) is list:
        (member,) = typing.get_args(field.annotation)
        if typing.get_origin(member) is typing.Literal:
            return f"are lists of {', '.join(typing.get_args(member))}"
        return "are origins such as https://anb.example"
    pattern = f"is text matching {bounds['pattern']}" if "pattern" in bounds else "is text"
    return f"{pattern}, at most {bounds['max_length']} characters" if "max_length" in bounds else pattern
