"""Structured logs: one JSON line per event, with the ids that correlate them."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from services.shared.cloudwatch_logs import CloudWatchHandler, stream_name

bind = structlog.contextvars.bind_contextvars
unbind_all = structlog.contextvars.clear_contextvars


def bound_value(name: str) -> Any:
    """Return the value bound under a name to the log lines of the current context, or None."""
    return structlog.contextvars.get_contextvars().get(name)


def configure_logging(service: str, *, log_group: str | None = None, region: str | None = None) -> None:
    """Write the records of structlog and of the standard library to standard output as JSON.

    Args:
        service: ``portal`` or ``worker``; a field of every line.
        log_group: CloudWatch Logs group to send the lines to. Default: none.
        region: AWS region of the group.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        lambda _, __, event: {"service": service, **event},
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(formatter)
    logging.basicConfig(handlers=[output], level=logging.INFO, force=True)
    # botocore logs for each client where it found its credentials.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    if log_group is not None and region is not None:
        sender = CloudWatchHandler(log_group, stream_name(service), region)
        sender.setFormatter(formatter)
        logging.getLogger().addHandler(sender)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Create a logger: ``log.info("video processed", video_id=...)``."""
    return structlog.stdlib.get_logger(name)
