"""The page of the settings, made from the code: ``python -m tools.settings_page`` writes ``docs/settings.md``."""

from __future__ import annotations

import re
import typing

import pydantic

from constructs_lib.governance.profiles import PROFILES
from stacks.settings.loader import DEFAULT_ENVIRONMENT, ENVIRONMENT, PREFIX, allowed
from stacks.settings.model import BY_PROFILE, REMOVED_SETTINGS, Settings
from workspace import paths

FILE = paths.ROOT / "docs/settings.md"
_INTRO = f"""# Settings

Made from `stacks/settings/model.py` by `python -m tools.settings_page`.

A deployment's settings are these defaults, overridden by lines of `environments/<name>.toml`, overridden by variables.
`{PREFIX}API_MAX_SIZE=5` is `api_max_size = 5`, and a list is written with commas.
`{ENVIRONMENT}` chooses the file, `{DEFAULT_ENVIRONMENT}` by default.

All that is wrong is reported at once, with what is allowed and how to mend it; rules between settings are checked too.
[Deploying](deploy.md#settings) says which are worth a look first.

## All settings

| Setting | What it is | Type | Default | Allowed |
| --- | --- | --- | --- | --- |
"""
_PROFILES = """
## Defaults of the profiles

`profile` sets these together; a line of their own overrides each.

"""
_GONE = """
## Settings that are gone

Inputs of the first version, each refused with what took its place.

| Setting | What took its place |
| --- | --- |
"""
_CODE = re.compile(r"\./anb \w+|https://[\w.]+|<[\w<>-]+|\b[a-z]+(_[a-z]+)+\b")
"""Commands, addresses, names such as ``<name>-alb``, and other settings."""
_TYPES = {str: "text", int: "whole number", bool: "true or false"}


def page() -> str:
    """The page's text."""
    settings = "".join(_row(name, field) for name, field in Settings.model_fields.items())
    titles = ["Setting", *PROFILES]
    chosen = [
        [f"`{name}`", *(_code(getattr(each, of)) for each in PROFILES.values())] for name, of in BY_PROFILE.items()
    ]
    profiles = "".join(_line(cells) for cells in (titles, ["---"] * len(titles), *chosen))
    gone = "".join(_line([f"`{name}`", successor]) for name, successor in REMOVED_SETTINGS.items())
    return _INTRO + settings + _PROFILES + profiles + _GONE + gone


def _row(name: str, field: pydantic.fields.FieldInfo) -> str:
    default = "[the profile's](#defaults-of-the-profiles)" if name in BY_PROFILE else _code(field.default)
    accepted = allowed(field).partition(" ")[2]
    if field.annotation is bool:
        accepted = "both"
    what = _quoted(field.description or "")
    return _line([f"`{name}`", what, _type(field.annotation), default, _quoted(accepted)])


def _type(annotation: object) -> str:
    if typing.get_origin(annotation) is list:
        return "list"
    if typing.get_origin(annotation) is typing.Literal:
        return _TYPES[type(typing.get_args(annotation)[0])]
    return _TYPES[typing.cast(type, annotation)]


def _code(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _quoted(words: str) -> str:
    """Words in which what is code is shown as code."""
    before, matching, pattern = words.partition("matching ")
    if matching:
        pattern, comma, rest = pattern.partition(", at most ")
        return f"{before}{matching}`{pattern}`{comma}{rest}"
    return _CODE.sub(r"`\g<0>`", words)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
