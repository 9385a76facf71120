"""What AWS offers in a region: EC2 instance types, RDS classes for PostgreSQL, and PostgreSQL's major versions.

``aws_offers.json`` is generated from the tables of AWS's CloudFormation linter (``python -m tools.offers``). AWS adds
types to regions, so an instance type that the table does not have in a region is a warning, not an error; and a type
or a region that the table does not know at all is not checked.
"""

from __future__ import annotations

import functools
import json
import pathlib
import re
from typing import Any, Literal

from constructs_lib.foundation.errors import Checks

Kind = Literal["instance_types", "database_classes"]

_FILE = pathlib.Path(__file__).with_name("aws_offers.json")
OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eu-iso", "eusc-")
"""How the regions of AWS's other partitions begin: China, GovCloud, isolated, European Sovereign Cloud.
https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html"""

_GRAVITON = re.compile(r"a1|[a-z]+\d+g[a-z]*")
"""https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html"""


@functools.cache
def table() -> dict[str, Any]:
    """Read the table."""
    parsed: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return parsed


def is_missing(kind: Kind, name: str, region: str) -> bool:
    """Whether AWS offered a type in some regions, but not in this one, when the table was made."""
    family, _, size = name.rpartition(".")
    missing_in = [group["missing_in"] for group in table()[kind] if size in group["sizes"].get(family, "").split()]
    return region in table()["regions"].split() and any(region in regions.split() for regions in missing_in)


def warning(kind: Kind, name: str, region: str) -> str | None:
    """Return the warning about a type that the region does not offer; None if there is no reason for one."""
    if not is_missing(kind, name, region):
        return None
    return (
        f"AWS did not offer {name} in {region} on {table()['as_of']}, and refuses a type that a region does not have. "
        "Choose another type, unless AWS has added it since"
    )


def postgres_versions() -> list[int]:
    """Return the major versions of PostgreSQL that RDS creates databases with."""
    versions: list[int] = table()["postgres_versions"]
    return versions


def check_region(checks: Checks, region: str) -> None:
    """Raise an error for a region of a partition with other ARNs and endpoints than this library writes.

    Args:
        checks: checks of the construct.
        region: name of the region, or a reference, which is not checked.

    Raises:
        ConstructError: the region is in China, GovCloud, the European Sovereign Cloud or an isolated partition.
    """
    if region.startswith(OTHER_PARTITIONS):
        raise checks.error(
            "region",
            region,
            allowed="a region of the partition aws, such as us-east-1",
            fix="choose another; China, GovCloud and the other partitions have other ARNs, endpoints and images, "
            "which are not supported",
        )


def architecture(instance_type: str) -> Literal["amd64", "arm64"]:
    """Return the architecture of an instance type, in Debian's words; Graviton types are arm64."""
    return "arm64" if _GRAVITON.fullmatch(instance_type.partition(".")[0]) else "amd64"


def image_architecture(ami_id: str) -> Literal["amd64", "arm64"] | None:
    """Return the architecture that a public parameter of Debian's images names; None if it names none."""
    found = re.fullmatch(r"/aws/service/debian/.*/(amd64|arm64)", ami_id)
    return None if found is None else "arm64" if found[1] == "arm64" else "amd64"
