"""Errors of the user, as opposed to bugs."""

from __future__ import annotations

import click


class UserError(click.ClickException):
    """An error that the operator can fix: printed without a traceback, exit code 1.

    Args:
        message: What is wrong, the given value, the allowed values and the fix.
    """


class UnsupportedHost(UserError):
    """This machine lacks a required capability; not the user's fault."""
