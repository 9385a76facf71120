"""What every template may ask for."""

from __future__ import annotations

from flask import Flask, g

from services.contest.moderation import is_moderator
from services.contest.voting_period import Voting, VotingState, read_voting
from services.portal.accounts.identity import Caller, find_caller
from services.portal.database import statements
from services.portal.error_messages import failure_sentence
from services.portal.http.media_links import poster_path, video_path
from services.portal.pages.navigation import here
from services.portal.resources import resources


def register(app: Flask) -> None:
    """Give an application's templates their functions."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.add_template_global(viewer)
    app.add_template_global(moderates)
    app.add_template_global(here)
    app.add_template_global(csrf_token)
    app.add_template_global(media_link)
    app.add_template_global(poster_path)
    app.add_template_global(video_path)
    app.add_template_global(failure_sentence)
    app.add_template_global(voting_now)
    app.add_template_global(takes_votes)


def viewer() -> Caller | None:
    """The person who looks at the page, or None where nobody is signed in."""
    if "viewer" not in g:
        g.viewer = find_caller()
    caller: Caller | None = g.viewer
    return caller


def moderates() -> bool:
    """Whether the person who looks at the page is a moderator."""
    if "moderates" not in g:
        caller = viewer()
        g.moderates = False
        if caller is not None:
            with statements() as connection:
                g.moderates = is_moderator(connection, caller.user_id)
    return bool(g.moderates)


def csrf_token() -> str:
    """What the forms of this session send along; empty where nobody is signed in."""
    caller = viewer()
    return (caller.csrf_token if caller else None) or ""


def media_link(key: str) -> str:
    """A link to an object of the bucket that browsers may show for an hour."""
    return resources().media.link(key)


def voting_now() -> Voting:
    """When votes are taken, and the state the voting is in."""
    if "voting" not in g:
        with statements() as connection:
            g.voting = read_voting(connection)
    voting: Voting = g.voting
    return voting


def takes_votes() -> bool:
    """Whether votes are taken at this moment."""
    return voting_now().state in (VotingState.OPEN, VotingState.FROZEN)
