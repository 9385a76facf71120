"""GeneratedSecret: a value that is in no state and no plan."""

from __future__ import annotations

from typing import Any

import pytest
from once import once
from syrupy.assertion import SnapshotAssertion

from constructs_lib import ConstructError, GeneratedSecret
from constructs_lib.foundation.waivers import registered
from constructs_lib.testing import Template, synth


@once
def secret(**changes: Any) -> Template:
    return synth(lambda stack: GeneratedSecret(stack, "key", name="shop-key", description="Signs tokens", **changes))


@pytest.mark.snapshot
def test_secret(recorded: SnapshotAssertion) -> None:
    assert secret().readable() == recorded


def test_value_is_ephemeral_and_write_only() -> None:
    template = secret(length=80)

    (source,) = template.document["ephemeral"]["aws_secretsmanager_random_password"].items()
    version = template.one("aws_secretsmanager_secret_version")
    assert source[1]["password_length"] == 80
    assert (
        version["secret_string_wo"] == f"${{ephemeral.aws_secretsmanager_random_password.{source[0]}.random_password}}"
    )
    assert "secret_string" not in version


def test_deleted_secret_is_recoverable_unless_waived() -> None:
    protected, unprotected = secret(), secret(unprotected_reason="it is recreated daily")

    assert protected.one("aws_secretsmanager_secret")["recovery_window_in_days"] == 7
    assert registered(protected.document) == []
    assert unprotected.one("aws_secretsmanager_secret")["recovery_window_in_days"] == 0
    (entry,) = registered(unprotected.document)
    assert (entry.path, entry.weakened, entry.reason) == (
        "test/key",
        "is gone at once when deleted",
        "it is recreated daily",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"length": 16}, r"test/key: length is 16; must be between 32 and 512"),
        (
            {"recovery_days": 0},
            r"recovery_days is 0; must be between 7 and 30\. Fix: use 7 or more, or give the reason",
        ),
        ({"unprotected_reason": " "}, r"reason is ' '; must be the reason why it is gone at once when deleted"),
    ],
)
def test_invalid_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        secret(**changes)
