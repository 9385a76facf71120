"""Functions that all templates can call."""

from __future__ import annotations

from flask import Flask, g

from services.contest.moderation import is_moderator
from services.contest.voting_period import Voting, VotingState, read_voting
from services.portal.accounts.identity import Caller, find_caller
from services.portal.database import statements
from services.portal.error_messages import failure_sentence
from services.portal.http.media_links import poster_path, video_path
from services.portal.pages.navigation import current_path
from services.portal.resources import resources


def register(app: Flask) -> None:
    """Register the functions."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.add_template_global(viewer)
    app.add_template_global(moderates)
    app.add_template_global(current_path)
    app.add_template_global(csrf_token)
    app.add_template_global(media_link)
    app.add_template_global(poster_path)
    app.add_template_global(video_path)
    app.add_template_global(failure_sentence)
    app.add_template_global(voting_now)
    app.add_template_global(takes_votes)


def viewer() -> Caller | None:
    """Return the person who views the page, or None if signed out."""
    if "viewer" not in g:
        g.viewer = find_caller()
    caller: Caller | None = g.viewer
    return caller


def moderates() -> bool:
    """Return whether the viewer is a moderator."""
    if "moderates" not in g:
        caller = viewer()
        g.moderates = False
        if caller is not None:
            with statements() as connection:
                g.moderates = is_moderator(connection, caller.user_id)
    return bool(g.moderates)


def csrf_token() -> str:
    """Return the CSRF token of the session's forms; empty if signed out."""
    caller = viewer()
    return (caller.csrf_token if caller else None) or ""


def media_link(key: str) -> str:
    """Return a presigned URL of an object, valid for an hour at most; js/renew.js replaces one that has ended."""
    return resources().media.link(key)


def voting_now() -> Voting:
    """Return the voting period and its current state."""
    if "voting" not in g:
        with statements() as connection:
            g.voting = read_voting(connection)
    voting: Voting = g.voting
    return voting


def takes_votes() -> bool:
    """Return whether votes are accepted now."""
    return voting_now().state in (VotingState.OPEN, VotingState.FROZEN)
