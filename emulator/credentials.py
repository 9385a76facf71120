"""The credentials an instance's role gives it for a few hours."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class InstanceCredentials:
    """Of a role, for a while.

    Args:
        access_key, secret_key, token: as AWS names them.
        until: when they end.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    until: datetime

    @classmethod
    def made_up(cls, lasting: timedelta = timedelta(hours=6)) -> InstanceCredentials:
        """Credentials nobody else has; the embedded AWS takes any."""
        return cls(
            access_key=f"ASIA{secrets.token_hex(8).upper()}",
            secret_key=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(200),
            until=datetime.now(UTC) + lasting,
        )

    def as_metadata(self) -> str:
        """As instance metadata gives them."""
        return json.dumps(
            {
                "Code": "Success",
                "LastUpdated": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "Type": "AWS-HMAC",
                "AccessKeyId": self.access_key,
                "SecretAccessKey": self.secret_key,
                "Token": self.token,
                "Expiration": f"{self.until:%Y-%m-%dT%H:%M:%SZ}",
            },
            indent=2,
        )
