"""The types that grants accept: a role, or a construct that runs with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Role(Protocol):
    """A role with a policy that statements can be added to."""

    def allow(
        self,
        sid: str,
        actions: Sequence[str],
        resources: Sequence[str],
        condition: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        """Add a statement to the role's policy."""


class RoleOwner(Protocol):
    """A construct that runs with a role."""

    @property
    def role(self) -> Role:
        """The role that receives the grant."""
