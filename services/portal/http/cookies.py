"""Cookies that scripts cannot read and that only this host can set."""

from __future__ import annotations

from werkzeug import Response

from services.environment import PortalEnvironment
from services.portal.resources import resources


def prefixed_name(environment: PortalEnvironment, name: str) -> str:
    """Return a cookie's name with ``__Host-``, which browsers accept only over HTTPS, from this host, for all paths.

    Without HTTPS there is no prefix: browsers would refuse the cookie. Source: RFC 6265bis, 4.1.3.2.
    """
    return f"__Host-{name}" if environment.secure_cookies else name


def cookie_name(name: str) -> str:
    """Return a cookie's name in the current application."""
    return prefixed_name(resources().environment, name)


def set_cookie(response: Response, name: str, value: str, *, seconds: int) -> None:
    """Set a cookie.

    Args:
        name: Name without the prefix.
        seconds: Lifetime; 0 deletes the cookie.
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
