"""Cookies that scripts cannot read and that belong to this very host."""

from __future__ import annotations

from werkzeug import Response

from services.environment import PortalEnvironment
from services.portal.resources import resources


def name_in(environment: PortalEnvironment, name: str) -> str:
    """A cookie's name: a browser takes a ``__Host-`` cookie only from this host, over HTTPS, for all its paths.

    Source: RFC 6265bis, 4.1.3.2. Without HTTPS browsers would refuse the prefix.
    """
    return f"__Host-{name}" if environment.secure_cookies else name


def cookie_name(name: str) -> str:
    """A cookie's name in the application at work."""
    return name_in(resources().environment, name)


def set_cookie(response: Response, name: str, value: str, *, seconds: int) -> None:
    """Let a browser keep a value.

    Args:
        name: without a prefix.
        seconds: how long it is kept; 0 lets the browser forget it.
    """
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=seconds,
        expires=0 if seconds == 0 else None,
        httponly=True,
        samesite="Lax",
        secure=resources().environment.secure_cookies,
    )
