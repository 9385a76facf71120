"""Errors about a construct's arguments, and the checks that raise them.

Every message names the construct's path, the value, the allowed values and the fix:

    shop/network: availability_zones is 1; must be between 2 and 4. Fix: use at least 2, as a load balancer needs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs_lib.foundation.cdk import Construct


class ConstructError(ValueError):
    """An invalid argument of a construct.

    Args:
        path: path of the construct in the tree.
        option: name of the argument.
        value: value of the argument.
        allowed: the allowed values, completing "must be".
        fix: what the user should do, in the imperative, without a final period.
    """

    def __init__(self, path: str, *, option: str, value: object, allowed: str, fix: str) -> None:
        super().__init__(f"{path}: {option} is {value!r}; must be {allowed}. Fix: {fix}.")
        self.path = path
        self.option = option
        self.allowed = allowed
        self.fix = fix


class Checks:
    """Checks of one construct's arguments; each raises ``ConstructError``.

    Args:
        scope: scope of the construct; None for a value that belongs to no construct, such as a setting.
        id: id of the construct, which need not exist yet.
    """

    def __init__(self, scope: Construct | None, id: str) -> None:
        self._scope = scope
        self._id = id

    @property
    def path(self) -> str:
        """The construct's path. Reading it calls Node, so it is read only for a message."""
        return f"{self._scope.node.path}/{self._id}".lstrip("/") if self._scope else self._id

    def error(self, option: str, value: object, *, allowed: str, fix: str) -> ConstructError:
        """Create the error for a check that the caller makes itself."""
        return ConstructError(self.path, option=option, value=value, allowed=allowed, fix=fix)

    def between(self, option: str, value: float, low: float, high: float, *, fix: str) -> None:
        """Raise an error for a number outside ``low`` to ``high``, both included."""
        if not low <= value <= high:
            raise self.error(option, value, allowed=f"between {low:g} and {high:g}", fix=fix)

    def one_of(self, option: str, value: object, allowed: tuple[str, ...], *, fix: str) -> None:
        """Raise an error for a value that is not in the list."""
        if value not in allowed:
            raise self.error(option, value, allowed=f"one of {', '.join(allowed)}", fix=fix)

    def name(
        self,
        option: str,
        value: str,
        *,
        longest: int,
        owner: str,
        pattern: str = r"[A-Za-z0-9-]+",
        reserved_starts: tuple[str, ...] = (),
        reserved_ends: tuple[str, ...] = (),
    ) -> None:
        """Raise an error for a name that AWS would reject.

        The length and the characters of a name with references are not checked.

        Args:
            option: name of the argument.
            value: value of the argument.
            longest: maximum number of characters.
            owner: kind of resource that has the name.
            pattern: regular expression of a valid name.
            reserved_starts: prefixes that AWS reserves.
            reserved_ends: suffixes that AWS reserves.
        """
        if value.startswith(reserved_starts) or value.endswith(reserved_ends):
            reserved = [f"not begin with {start}" for start in reserved_starts if value.startswith(start)]
            reserved += [f"not end in {end}" for end in reserved_ends if value.endswith(end)]
            raise self.error(
                option,
                value,
                allowed=f"a name that does {' and does '.join(reserved)}",
                fix=f"choose another name; AWS reserves this one for a {owner}",
            )
        if "${" in value:
            return
        if not re.fullmatch(pattern, value) or len(value) > longest:
            raise self.error(
                option,
                value,
                allowed=f"1 to {longest} characters matching {pattern}",
                fix=f"choose a name that AWS accepts for a {owner}",
            )
