"""The prompts: one key confirms the plan, the name confirms a data loss."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from operations.deploy import prompts
from operations.deploy.plan import Action, Change
from workspace.errors import UserError

DATABASE = Change(
    stack="database",
    address="aws_db_instance.it",
    kind="aws_db_instance",
    path="database/postgres",
    action=Action.REPLACE,
    name="anb-postgres",
)
PROTECTED = Change(**{**{name: getattr(DATABASE, name) for name in DATABASE.__dataclass_fields__}, "protected": True})


def type_text(monkeypatch: pytest.MonkeyPatch, text: str) -> Console:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return Console(file=io.StringIO())


@pytest.mark.parametrize("answer", ["y", "Y", "y\n", "yes\n"])
def test_y_confirms(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str) -> None:
    type_text(monkeypatch, answer)
    prompts.confirm_apply(yes=False)
    assert capsys.readouterr().out.startswith("¿Deseas aplicar este plan? (y/n): ")


@pytest.mark.parametrize("answer", ["n\n", "", "\n", "s\n", " y\n", "N\n"])
def test_any_other_answer_cancels(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    type_text(monkeypatch, answer)
    with pytest.raises(prompts.Cancelled):
        prompts.confirm_apply(yes=False)


def test_yes_confirms_without_reading_input(monkeypatch: pytest.MonkeyPatch) -> None:
    type_text(monkeypatch, "n\n")
    prompts.confirm_apply(yes=True)


def test_typing_the_name_confirms_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts.confirm_losses([DATABASE], type_text(monkeypatch, "anb-postgres\n"), yes=False)


@pytest.mark.parametrize("typed", ["", "y\n", "ANB-postgres\n", "anb-postgre\n"])
def test_any_other_name_cancels(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    with pytest.raises(prompts.Cancelled):
        prompts.confirm_losses([DATABASE], type_text(monkeypatch, typed), yes=False)


def test_yes_does_not_confirm_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    console = type_text(monkeypatch, "anb-postgres\n")
    with pytest.raises(UserError, match="destroys the data in the database anb-postgres; --yes does not confirm"):
        prompts.confirm_losses([DATABASE], console, yes=True)
    prompts.confirm_losses([], console, yes=True)


def test_deletion_protection_is_reported_before_applying(monkeypatch: pytest.MonkeyPatch) -> None:
    console = type_text(monkeypatch, "anb-postgres\n")
    with pytest.raises(UserError, match="deletes the database anb-postgres, but deletion .*protect_data = false"):
        prompts.confirm_losses([PROTECTED], console, yes=False)
