"""Generate ``constructs_lib/foundation/aws_offers.json`` from the tables of cfn-lint: ``python -m tools.offers``.

cfn-lint (https://github.com/aws-cloudformation/cfn-lint) is AWS's linter of CloudFormation templates. It generates its
tables from AWS's price lists and APIs, with each release. moto brings it to this project; the library does not need it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cfnlint

from workspace import paths

FILE = paths.ROOT / "constructs_lib/foundation/aws_offers.json"
_SCHEMAS = Path(cfnlint.__file__).parent / "data/schemas"
_INSTANCE_TYPES = "extensions/aws_ec2_instance/instancetype_enum.json"
_DATABASE_CLASSES = "extensions/aws_rds_dbinstance/dbinstanceclass_enum.json"
_VERSIONS = "extensions/aws_rds_dbinstance/engine_version.json"
_DEPRECATED = "extensions/aws_rds_dbinstance/engine_version_deprecated.json"
_COMMERCIAL = re.compile(r"(?!cn-|us-gov-)[a-z]{2}(-[a-z]+)+-\d")


def render() -> str:
    """Render the table as JSON, with one line for all types that the same regions miss."""
    instances = _instance_types()
    table: dict[str, Any] = {
        "source": f"cfn-lint {cfnlint.version.__version__}",
        "as_of": _read("version.json")["schema_date"][:10],
        "regions": " ".join(sorted(instances)),
        "instance_types": _groups(instances),
        "database_classes": _groups(_database_classes()),
        "postgres_versions": _postgres_versions(),
    }
    lines = []
    for key, value in table.items():
        groups = isinstance(value, list) and isinstance(value[0], dict)
        rendered = (
            "[\n" + ",\n".join(f"  {json.dumps(group)}" for group in value) + "\n ]" if groups else json.dumps(value)
        )
        lines.append(f" {json.dumps(key)}: {rendered}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _read(file: str) -> Any:
    return json.loads((_SCHEMAS / file).read_text(encoding="utf-8"))


def _instance_types() -> dict[str, set[str]]:
    by_region = _read(_INSTANCE_TYPES)
    return {region: set(by_region[region]["enum"]) for region in by_region if _COMMERCIAL.fullmatch(region)}


def _database_classes() -> dict[str, set[str]]:
    classes: dict[str, set[str]] = defaultdict(set)
    for region, schema in _read(_DATABASE_CLASSES).items():
        for rule in schema["allOf"] if _COMMERCIAL.fullmatch(region) else ():
            if _is_postgres(rule):
                classes[region] |= set(rule["then"]["properties"]["DBInstanceClass"]["enum"])
    return classes


def _postgres_versions() -> list[int]:
    """Return the majors with at least one minor version that is not deprecated."""
    (rule,) = filter(_is_postgres, _read(_VERSIONS)["allOf"])
    (deprecated,) = filter(_is_postgres, _read(_DEPRECATED)["allOf"])
    versions = {*rule["then"]["properties"]["EngineVersion"]["enum"]}
    usable = versions - {*deprecated["if"]["properties"]["EngineVersion"]["enum"]}
    return sorted({int(version.partition(".")[0]) for version in usable if "." in version})


def _is_postgres(rule: Mapping[str, Any]) -> bool:
    return bool(rule["if"]["properties"]["Engine"].get("const") == "postgres")


def _groups(offered: Mapping[str, set[str]]) -> list[dict[str, Any]]:
    """Group types by the regions that miss them; each group lists the sizes of each family."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in sorted(set().union(*offered.values())):
        family, _, size = name.rpartition(".")
        groups[" ".join(sorted(region for region in offered if name not in offered[region]))][family].append(size)
    return [
        {"missing_in": missing, "sizes": {family: " ".join(sizes) for family, sizes in families.items()}}
        for missing, families in sorted(groups.items())
    ]


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
