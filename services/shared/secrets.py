"""Secrets, read at run time with the instance's role and cached in memory only."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class SecretVersions:
    """Current and previous version of a secret.

    Args:
        current: Text of the current version.
        since: Creation time of the current version.
        previous: Text of the previous version. None if the secret was never rotated.
    """

    current: str
    since: datetime
    previous: str | None


class SecretStore:
    """Reads secrets from Secrets Manager and caches them.

    Args:
        client: Secrets Manager client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._values: dict[str, str] = {}
        self._lock = threading.Lock()

    def read(self, arn: str, *, fresh: bool = False) -> str:
        """Read the text of a secret.

        Args:
            arn: ARN of the secret.
            fresh: Whether to bypass the cache, for example after the cached password was rejected.
        """
        with self._lock:
            if fresh or arn not in self._values:
                self._values[arn] = self._client.get_secret_value(SecretId=arn)["SecretString"]
            return self._values[arn]

    def read_versions(self, arn: str) -> SecretVersions:
        """Read the current and the previous text of a secret, without the cache.

        Args:
            arn: ARN of the secret.
        """
        current = self._client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")
        try:
            previous = self._client.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"]
        except self._client.exceptions.ResourceNotFoundException:
            previous = None
        return SecretVersions(current["SecretString"], current["CreatedDate"], previous)
