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
    """Terraform addresses of each example's resources."""
    by_example: dict[str, list[str]] = {}
    for example in EXAMPLES:
        resources = example_apps.example(example).document["resource"]
        by_example[example] = sorted(f"{kind}.{name}" for kind, named in resources.items() for name in named)
    return by_example


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    (RECORDS / f"{version()}.json").write_text(json.dumps(addresses(), indent=2) + "\n")
