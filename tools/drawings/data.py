"""The data model: the tables of the migrations and their references."""

from __future__ import annotations

from tools.drawings.sheet import Sheet


def model() -> str:
    """Draw every table with its main columns; dashed arrows are references without a foreign key."""
    sheet = Sheet(
        860,
        800,
        "The data model",
        "Users have sessions, uploads, videos and votes. A video has its task, votes, deltas of votes, standings of "
        "the day and marks in the ranking. Moderators' actions and redrives are logged. The voting period, the checks "
        "of the tally, limits and revoked tokens refer to no other table.",
    )
    sessions = sheet.table((40, 20), 200, "user_sessions", ["session_token", "user_id", "expires_at", "ip_address"])
    users = sheet.table(
        (40, 160),
        200,
        "users",
        [
            "id",
            "email, unique in any case",
            "password_hash",
            "first_name, last_name",
            "city, country",
            "is_moderator",
            "disabled_at",
            "token_generation",
        ],
    )
    uploads = sheet.table(
        (40, 366),
        200,
        "uploads",
        ["id, of the future video", "user_id", "size, part_size", "s3_upload_id", "expires_at"],
    )
    deleted = sheet.table((40, 516), 200, "deleted_videos", ["video_id", "user_id"])
    log = sheet.table(
        (40, 618), 200, "moderation_log", ["moderator_id", "action, reason", "video_id, user_id", "network, votes"]
    )
    votes = sheet.table(
        (330, 20), 210, "votes", ["video_id, user_id: the key", "created_at", "network", "quarantined_at"]
    )
    videos = sheet.table(
        (330, 160),
        210,
        "videos",
        [
            "id",
            "user_id",
            "title",
            "status: uploaded, processing,",
            "    processed, failed",
            "attempt, lease_until",
            "votes_count",
            "is_public, hidden_at",
            "is_open, computed from these",
            "city, city_key",
            "processed_url, poster_url,",
            "    preview_url",
        ],
    )
    tasks = sheet.table(
        (330, 430),
        210,
        "task_results",
        ["video_id", "status", "sent_at: empty in the outbox", "request_id", "receipt", "sweeps, swept_at"],
    )
    redrives = sheet.table((330, 600), 210, "redrives", ["message_id, video_id", "operator, reason"])
    deltas = sheet.table((630, 20), 200, "vote_deltas", ["video_id", "delta: 1 or -1", "cast_at"])
    standings = sheet.table((630, 142), 200, "standings", ["video_id, taken_on", "position, city_position"])
    marks = sheet.table((630, 248), 200, "rank_marks", ["city_key, minus_votes,", "    uploaded_at, video_id", "ahead"])
    changes = sheet.table((630, 370), 200, "rank_changes", ["the same place", "change: 1 or -1"])
    for x, y, name, fields in (
        (630, 484, "voting_period", ["opens_at, freezes_at,", "closes_at"]),
        (630, 582, "tally_checks", ["slice: 16 of them", "votes, tally, differing"]),
        (630, 680, "rate_limits", ["key, free_at"]),
        (330, 704, "revoked_tokens", ["token_id: a hash", "expires_at"]),
    ):
        sheet.table((x, y), 210 if x == 330 else 200, name, fields)
    sheet.arrow(sessions.bottom, users.top)
    for of_a_user in (uploads, deleted, log):
        sheet.arrow(of_a_user.left, (18, of_a_user.left[1]), (18, users.left[1]), users.left)
    sheet.arrow(votes.left, (285, votes.left[1]), (285, 200), (240, 200))
    sheet.arrow((330, 250), (240, 250))
    sheet.arrow(votes.bottom, videos.top)
    sheet.arrow(tasks.top, videos.bottom)
    sheet.arrow(standings.left, (585, standings.left[1]), (585, 230), (540, 230))
    for of_a_video, y in ((deltas, 200), (marks, 300), (changes, 330)):
        sheet.arrow(of_a_video.left, (605, of_a_video.left[1]), (605, y), (540, y), style="loose")
    sheet.arrow(redrives.right, (570, redrives.right[1]), (570, 360), (540, 360), style="loose")
    return sheet.svg()
