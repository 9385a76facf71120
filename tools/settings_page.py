"""Generate ``docs/settings.md`` from the settings: ``python -m tools.settings_page``."""

from __future__ import annotations

import re
import typing

import pydantic

from constructs_lib.governance.profiles import PROFILES
from stacks.settings.loader import DEFAULT_ENVIRONMENT, ENVIRONMENT, PREFIX, allowed_values
from stacks.settings.model import BY_PROFILE, REMOVED_SETTINGS, Settings
from workspace import paths

FILE = paths.ROOT / "docs/settings.md"
_INTRO = f"""# Settings

Generated from `stacks/settings/model.py` by `python -m tools.settings_page`.

`environments/<name>.toml` overrides these defaults, and variables override the file.
`{PREFIX}API_MAX_SIZE=5` is `api_max_size = 5`; separate the items of a list with commas.
`{ENVIRONMENT}` chooses the file, `{DEFAULT_ENVIRONMENT}` by default.

Every invalid setting is reported at once, with the allowed values and the fix; so are contradictions between settings.
[Deploying](deploy.md#choose-the-settings) lists the settings to review first.

## All settings

| Setting | Meaning | Type | Default | Allowed |
| --- | --- | --- | --- | --- |
"""
_PROFILES = """
## Defaults of the profiles

`profile` sets these defaults together; each setting can be overridden.

"""
_REMOVED = """
## Removed settings

Settings of the first version. Each is rejected with its replacement.

| Setting | Replacement |
| --- | --- |
"""
_CODE = re.compile(r"\./anb \w+|https://[\w.]+|<[\w<>-]+|\b[a-z]+(_[a-z]+)+\b")
"""Commands, addresses, names such as ``<name>-alb``, and other settings."""
_TYPES = {str: "text", int: "whole number", bool: "true or false"}


def page() -> str:
    """Render the page."""
    settings = "".join(_row(name, field) for name, field in Settings.model_fields.items())
    titles = ["Setting", *PROFILES]
    values = [
        [f"`{name}`", *(_code(getattr(each, of)) for each in PROFILES.values())] for name, of in BY_PROFILE.items()
    ]
    profiles = "".join(_line(cells) for cells in (titles, ["---"] * len(titles), *values))
    removed = "".join(_line([f"`{name}`", successor]) for name, successor in REMOVED_SETTINGS.items())
    return _INTRO + settings + _PROFILES + profiles + _REMOVED + removed


def _row(name: str, field: pydantic.fields.FieldInfo) -> str:
    default = "[the profile's](#defaults-of-the-profiles)" if name in BY_PROFILE else _code(field.default)
    what = _quoted(field.description or "")
    return _line([f"`{name}`", what, _type(field.annotation), default, _quoted(allowed_values(field))])


def _type(annotation: object) -> str:
    if typing.get_origin(annotation) is list:
        return "list"
    if typing.get_origin(annotation) is typing.Literal:
        return _TYPES[type(typing.get_args(annotation)[0])]
    return _TYPES[typing.cast(type, annotation)]


def _code(value: object) -> str:
    """Format a value as in TOML."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _quoted(words: str) -> str:
    """Format commands, addresses and names in a text as code."""
    before, matching, pattern = words.partition("matching ")
    if matching:
        pattern, comma, rest = pattern.partition(", at most ")
        return f"{before}{matching}`{pattern}`{comma}{rest}"
    return _CODE.sub(r"`\g<0>`", words)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
