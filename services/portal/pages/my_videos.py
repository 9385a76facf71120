"""A player's own videos: their states, updated while the page is open, and their deletion."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Flask, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.portal.accounts.identity import require_caller
from services.portal.database import statements
from services.portal.http.errors import BadRequest
from services.portal.pages.notices import set_notice
from services.portal.videos_service import delete_own_video, find_own_video
from services.videos.records import Video, list_player_videos

pages = Blueprint("my_videos", __name__, url_prefix="/my-videos")


def register(app: Flask) -> None:
    """Register the pages of a player's own videos."""
    app.register_blueprint(pages)


@pages.get("")
def show() -> str:
    """Show the player's own videos and their states."""
    return render_template("pages/my_videos.html", videos=_own_videos())


@pages.get("/list")
def show_list() -> Response:
    """Return only the list, which the open page polls; an unchanged list gives 304."""
    response = make_response(render_template("pages/my_videos_list.html", videos=_own_videos()))
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.add_etag()
    response.make_conditional(request)
    return response


@pages.get("/<uuid:video_id>/delete")
def confirm_delete(video_id: UUID) -> str:
    """Ask for confirmation before deleting a video."""
    return render_template("pages/delete.html", video=find_own_video(require_caller(), video_id))


@pages.post("/<uuid:video_id>/delete")
def delete(video_id: UUID) -> ResponseReturnValue:
    """Delete a video, unless it is published for voting."""
    response = redirect(url_for("my_videos.show"), 303)
    try:
        delete_own_video(require_caller(), video_id)
    except BadRequest:
        return set_notice(response, "published")
    return set_notice(response, "deleted")


def _own_videos() -> list[Video]:
    with statements() as connection:
        return list_player_videos(connection, require_caller().user_id)
