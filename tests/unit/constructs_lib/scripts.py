"""User-data of a small web service."""

from __future__ import annotations

from typing import Any

from constructs_lib.compute.user_data import ReleasePart, UserData

REGION = "eu-west-1"
LOG_GROUP = "/shop/web"


def user_data(**changes: Any) -> UserData:
    """User-data of a small web service, with some arguments changed."""
    arguments: dict[str, Any] = {
        "name": "web",
        "region": REGION,
        "group_name": "shop-asg",
        "log_group": LOG_GROUP,
        "bucket": "software",
        "release": "r1",
        "parts": [ReleasePart("releases/web/code.tar.gz", "v1", "0" * 64)],
        "command": "/usr/bin/python3 -m shop",
        "environment": {"A": "1"},
    }
    return UserData(**{**arguments, **changes})


def decoded(user_data: str) -> str:
    """Undo the doubling of ``$`` and ``%``, as Terraform does."""
    return user_data.replace("$${", "${").replace("%%{", "%{")
