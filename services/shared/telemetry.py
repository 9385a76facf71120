"""Logs as JSON lines, one a happening, with the ids that tie them together."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from services.shared.cloudwatch_logs import CloudWatchHandler, stream_name

bind = structlog.contextvars.bind_contextvars
unbind_all = structlog.contextvars.clear_contextvars


def bound_value(name: str) -> Any:
    """What is bound_value under a name to the log lines of the work at hand; None where nothing is."""
    return structlog.contextvars.get_contextvars().get(name)


def configure_logging(service: str, *, log_group: str | None = None, region: str | None = None) -> None:
    """Send structlog's and the standard library's records to standard output as JSON.

    Args:
        service: ``portal`` or ``worker``; it is on every line.
        log_group: group of CloudWatch Logs they go to as well, if any.
        region: where the group is.
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
    # At every start it tells where it found its credentials, for each client.
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
    """A logger: ``log.info("video processed", video_id=...)``."""
    return structlog.stdlib.get_logger(name)
