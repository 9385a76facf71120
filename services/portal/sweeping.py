"""A chore of the housekeeper: no video waits for ever for a message that does not come."""

from __future__ import annotations

from flask import current_app

from services.portal.database import transaction
from services.portal.metrics import count_swept
from services.portal.resources import resources
from services.shared.storage import results_prefix
from services.shared.telemetry import get_logger
from services.videos.stale_videos import STALE_AFTER_VISIBILITIES, recover_stale_videos

_AT_ONCE = 100

log = get_logger(__name__)


def sweep_videos() -> int:
    """Send overdue videos again or give them up; returns how many there were."""
    queue = resources().queue.state()
    with transaction() as connection:
        swept = recover_stale_videos(
            connection,
            stale_after_seconds=STALE_AFTER_VISIBILITIES * queue.visibility_seconds,
            queue_is_empty=queue.visible == 0,
            most=_AT_ONCE,
        )
        for video in swept:
            if video.given_up:
                # What dead attempts stored; before the commit, so that a crash leaves it to the next sweep.
                resources().media.delete_all(results_prefix(video.video_id))
    for video in swept:
        count_swept(current_app, given_up=video.given_up)
        if video.given_up:
            log.error("video given up: no worker finished it", video_id=str(video.video_id))
        else:
            log.warning("video without a sign of life is sent again", video_id=str(video.video_id))
    return len(swept)
