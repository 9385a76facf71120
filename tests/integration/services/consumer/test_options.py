"""Validation of the consumer's options."""

from __future__ import annotations

import pytest

from services.consumer import ConsumerOptions

GOOD = {"queue_url": "http://127.0.0.1/q", "concurrency": 1, "visibility_seconds": 30, "max_message_seconds": 60}


@pytest.mark.parametrize(
    ("invalid", "message"),
    [
        ({"concurrency": 0}, "concurrency is 0; must be between 1 and 1000"),
        ({"visibility_seconds": 0}, "visibility_seconds is 0; must be between 1 and 43200"),
        ({"max_message_seconds": 29}, "max_message_seconds is 29; must be between 30 and 43200"),
        ({"poll_seconds": 21}, "poll_seconds is 21; must be between 0 and 20"),
        ({"grace_seconds": -1}, "grace_seconds is -1; must be between 0 and 43200"),
        ({"release_seconds": -1}, "release_seconds is -1; must be between 0 and 43200"),
        ({"backoff_seconds": 43201}, "backoff_seconds is 43201; must be between 0 and 43200"),
        ({"max_backoff_seconds": 29}, "max_backoff_seconds is 29; must be between 30 and 43200"),
    ],
)
def test_value_out_of_range_is_rejected(invalid: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        ConsumerOptions(**{**GOOD, **invalid})  # type: ignore[arg-type]


def test_heartbeat_is_a_third_of_the_visibility() -> None:
    assert ConsumerOptions(**GOOD).heartbeat_seconds == 10  # type: ignore[arg-type]
