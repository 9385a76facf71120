"""Record the addresses of the examples' resources: ``python -m tests.unit.constructs_lib.record_ids``."""

from __future__ import annotations

import json
import pathlib
import tomllib

from tests.unit.constructs_lib import example_apps
from tests.unit.constructs_lib.example_apps import EXAMPLES, FOLDER

RECORDS = pathlib.Path(__file__).with_name("ids")


def version() -> str:
    """The library's version."""
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def addresses() -> dict[str, list[str]]:
    """Terraform's addresses of each example's resources."""
    found: dict[str, list[str]] = {}
    for example in EXAMPLES:
        resources = example_apps.example(example).document["resource"]
        found[example] = sorted(f"{kind}.{name}" for kind, made in resources.items() for name in made)
    return found


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    (RECORDS / f"{version()}.json").write_text(json.dumps(addresses(), indent=2) + "\n")
