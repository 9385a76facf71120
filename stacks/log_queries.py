"""Saved CloudWatch Logs Insights queries for operators.

The fields are those of the services' log lines: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

from constructs_lib import LogQuery


def log_queries(*, portal: str, worker: str) -> list[LogQuery]:
    """Return the saved queries.

    Args:
        portal: name of the portal's log group.
        worker: name of the workers' log group.
    """
    return [LogQuery(name=name, log_groups=groups, query=query) for name, groups, query in _queries(portal, worker)]


def _queries(portal: str, worker: str) -> list[tuple[str, list[str], str]]:
    both = [portal, worker]
    return [
        # Requests to the portal.
        (
            "errors-by-route",
            [portal],
            """
            filter event = "request" and status >= 500
            | stats count(*) as failed, max(ms) as longest by method, route, status
            | sort failed desc
            """,
        ),
        (
            "slow-requests",
            [portal],
            """
            filter event = "request"
            | stats count(*) as requests, avg(ms) as average, pct(ms, 95) as p95, max(ms) as longest by method, route
            | sort p95 desc
            """,
        ),
        (
            "votes",
            [portal],
            """
            filter event = "measures" and service = "portal"
            | stats sum(Votes) as counted, sum(VotesRefused) as refused by bin(5m)
            """,
        ),
        (
            "votes-refused",
            [portal],
            """
            filter event = "request" and method = "POST" and route like /\\/vote$/ and status >= 400
            | stats count(*) as refused by status, network
            | sort refused desc
            """,
        ),
        (
            "limits-reached",
            [portal],
            """
            filter event = "limit reached"
            | stats count(*) as times by limit, address, user_id
            | sort times desc
            """,
        ),
        (
            "sign-ins-refused",
            [portal],
            """
            filter event in ["login failed", "login refused"]
            | stats count(*) as refused by event, address, user_id
            | sort refused desc
            """,
        ),
        # Errors of both services, and one request or video across both.
        (
            "errors",
            both,
            """
            filter level = "error"
            | fields @timestamp, service, event, error, exception, request_id, video_id
            | sort @timestamp desc
            | limit 100
            """,
        ),
        (
            "services-away",
            both,
            """
            filter event in ["a service the portal needs did not answer", "queue cannot be read",
                "video could not be claimed", "video not processed this time"]
            | stats count(*) as times by service, event, error
            | sort times desc
            """,
        ),
        (
            "one-request",
            both,
            """
            filter request_id = "paste the request's id here"
            | fields @timestamp, service, level, event, route, status, video_id, reason, exception
            | sort @timestamp asc
            """,
        ),
        (
            "one-video",
            both,
            """
            filter video_id = "paste the video's id here"
            | fields @timestamp, service, level, event, request_id, attempt, reason, detail, why, error, seconds
            | sort @timestamp asc
            """,
        ),
        # Videos.
        (
            "why-videos-failed",
            [worker],
            """
            filter event = "video failed"
            | stats count(*) as videos by reason, detail
            | sort videos desc
            """,
        ),
        (
            "why-videos-came-back",
            [worker],
            """
            filter event in ["video given back", "video not processed this time", "unreadable message"]
            | fields @timestamp, event, video_id, message_id, receive_count, why, error
            | sort @timestamp desc
            | limit 100
            """,
        ),
        (
            "videos-given-up",
            [portal],
            """
            filter event in ["video given up: no worker finished it",
                "video without a sign of life is sent again"]
            | fields @timestamp, event, video_id
            | sort @timestamp desc
            """,
        ),
        (
            "seconds-a-video-takes",
            [worker],
            """
            filter event = "video processed"
            | stats count(*) as videos, avg(seconds) as average, pct(seconds, 95) as p95, max(seconds) as longest
                by bin(15m)
            """,
        ),
        # The instances.
        (
            "boots",
            both,
            """
            filter @logStream like /^boot\\// and @message like /is ready: |failed to boot: /
            | fields @timestamp, @log, @logStream, @message
            | sort @timestamp desc
            """,
        ),
        (
            "boots-that-failed",
            both,
            """
            filter @logStream like /^boot\\// and @message not like /is ready: /
            | fields @timestamp, @logStream, @message
            | sort @logStream asc, @timestamp asc
            | limit 1000
            """,
        ),
    ]
