"""Secrets, read at run time with the instance's role and kept in memory only."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class SecretVersions:
    """A secret and what it was before it was rotated.

    Args:
        current: the secret's text.
        since: when it became that.
        previous: its text before, or None where it was never rotated.
    """

    current: str
    since: datetime
    previous: str | None


class SecretStore:
    """Reads secrets from Secrets Manager, each once until it is asked for afresh.

    Args:
        client: a Secrets Manager client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._values: dict[str, str] = {}
        self._lock = threading.Lock()

    def read(self, arn: str, *, fresh: bool = False) -> str:
        """The text of a secret.

        Args:
            arn: the secret's ARN.
            fresh: ask AWS again, after the value at hand was refused (it may have been rotated).
        """
        with self._lock:
            if fresh or arn not in self._values:
                self._values[arn] = self._client.get_secret_value(SecretId=arn)["SecretString"]
            return self._values[arn]

    def read_versions(self, arn: str) -> SecretVersions:
        """The text of a secret and the one before, read from AWS each time.

        Args:
            arn: the secret's ARN.
        """
        current = self._client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")
        try:
            previous = self._client.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"]
        except self._client.exceptions.ResourceNotFoundException:
            previous = None
        return SecretVersions(current["SecretString"], current["CreatedDate"], previous)
