"""What a construct says when it is given something it cannot build.

Every message holds where (the construct's path), what was given, what is allowed and how to mend it:

    network/vpc: availability_zones is 1; allowed are 2 to 4. Give at least two, the load balancer needs them
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs_lib.foundation.cdk import Construct


class ConstructError(ValueError):
    """A construct was given a value it cannot build.

    Args:
        path: path of the construct in the tree.
        option: name of the argument.
        given: its value.
        allowed: what would have been accepted.
        fix: what to do about it.
    """

    def __init__(self, path: str, *, option: str, given: object, allowed: str, fix: str) -> None:
        super().__init__(f"{path}: {option} is {given!r}; allowed {allowed}. {fix}")
        self.path = path
        self.option = option
        self.allowed = allowed
        self.fix = fix


class Checks:
    """Checks of one construct's arguments, each raising ``ConstructError``.

    Args:
        scope: the scope the construct is made in.
        id: its id, so that the message has its path before it exists.
    """

    def __init__(self, scope: Construct, id: str) -> None:
        self._scope = scope
        self._id = id

    @property
    def path(self) -> str:
        """The construct's path; asked of Node, so only when there is something to say."""
        return f"{self._scope.node.path}/{self._id}".lstrip("/")

    def refuse(self, option: str, given: object, *, allowed: str, fix: str) -> ConstructError:
        """The error to raise when the check is the caller's own."""
        return ConstructError(self.path, option=option, given=given, allowed=allowed, fix=fix)

    def between(self, option: str, given: float, low: float, high: float, *, fix: str) -> None:
        """Refuse a number outside ``low`` to ``high``, both included."""
        if not low <= given <= high:
            raise self.refuse(option, given, allowed=f"are {low:g} to {high:g}", fix=fix)

    def one_of(self, option: str, given: object, allowed: tuple[str, ...], *, fix: str) -> None:
        """Refuse a value that is not in the list."""
        if given not in allowed:
            raise self.refuse(option, given, allowed=f"are {', '.join(allowed)}", fix=fix)

    def name(self, option: str, given: str, *, longest: int, owner: str, pattern: str = r"[A-Za-z0-9-]+") -> None:
        """Refuse a name that AWS would refuse. Names that hold references are left to AWS.

        Args:
            option: name of the argument.
            given: its value.
            longest: how many characters AWS takes.
            owner: the kind of thing that carries the name.
            pattern: what the characters may be.
        """
        if "${" in given:
            return
        if not re.fullmatch(pattern, given) or len(given) > longest:
            raise self.refuse(
                option,
                given,
                allowed=f"are 1 to {longest} characters matching {pattern}",
                fix=f"Choose a name AWS accepts for a {owner}",
            )
