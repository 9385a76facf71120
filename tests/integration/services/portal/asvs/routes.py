"""The routes of an application, with a path for each."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from flask import Flask

_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Route:
    """A method and a URL rule; ``path`` fills in the rule's variables."""

    method: str
    rule: str
    endpoint: str

    def path(self, *, video_id: UUID | None = None, user_id: int = 1, session_id: int = 1) -> str:
        """Build a path for a video (default: an unknown id), an account and a session."""
        path = self.rule
        for name, value in (
            ("<video_id>", video_id or uuid4()),
            ("<uuid:video_id>", video_id or uuid4()),
            ("<user_id>", user_id),
            ("<session_id>", session_id),
            ("<path:filename>", "css/base.css"),
            ("<digest:digest>", "0" * 16),
        ):
            path = path.replace(name, str(value))
        assert "<" not in path, f"{self.rule} has a variable that Route.path does not fill in yet"
        return path


def routes(app: Flask) -> list[Route]:
    """List all routes, including static files."""
    return sorted(
        (
            Route(method, rule.rule, rule.endpoint)
            for rule in app.url_map.iter_rules()
            for method in (rule.methods or set()) & _METHODS
        ),
        key=lambda route: (route.rule, route.method),
    )
