"""What every grant takes: a role, or anything that runs with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Role(Protocol):
    """A role whose policy takes statements."""

    def allow(
        self,
        sid: str,
        actions: Sequence[str],
        resources: Sequence[str],
        condition: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        """Add a statement to the role's policy."""


class RoleOwner(Protocol):
    """Anything that runs with a role."""

    @property
    def role(self) -> Role:
        """The role to grant to."""
