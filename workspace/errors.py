"""What separates a user's error from a bug."""

from __future__ import annotations

import click


class UserError(click.ClickException):
    """Something the operator can mend: shown as one sentence, exit code 1, never a traceback.

    Args:
        message: what is wrong, the value given, what is allowed and how to mend it.
    """


class UnsupportedHost(UserError):
    """This machine cannot do it, and nobody did anything wrong."""
