"""The questions: one key for the plan, a name for what would be lost."""

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
GUARDED = Change(**{**{name: getattr(DATABASE, name) for name in DATABASE.__dataclass_fields__}, "guarded": True})


def typing(monkeypatch: pytest.MonkeyPatch, text: str) -> Console:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return Console(file=io.StringIO())


@pytest.mark.parametrize("answer", ["y", "Y", "y\n", "yes\n"])
def test_a_y_applies(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str) -> None:
    typing(monkeypatch, answer)
    prompts.apply(yes=False)
    assert capsys.readouterr().out.startswith("¿Deseas aplicar este plan? (y/n): ")


@pytest.mark.parametrize("answer", ["n\n", "", "\n", "s\n", " y\n", "N\n"])
def test_anything_else_cancels(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    typing(monkeypatch, answer)
    with pytest.raises(prompts.Cancelled):
        prompts.apply(yes=False)


def test_yes_answers_without_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    typing(monkeypatch, "n\n")
    prompts.apply(yes=True)


def test_what_would_be_lost_is_typed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts.losses([DATABASE], typing(monkeypatch, "anb-postgres\n"), yes=False)


@pytest.mark.parametrize("typed", ["", "y\n", "ANB-postgres\n", "anb-postgre\n"])
def test_any_other_name_cancels(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    with pytest.raises(prompts.Cancelled):
        prompts.losses([DATABASE], typing(monkeypatch, typed), yes=False)


def test_yes_does_not_answer_for_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    console = typing(monkeypatch, "anb-postgres\n")
    with pytest.raises(UserError, match="loses what the database anb-postgres holds, and --yes does not answer for"):
        prompts.losses([DATABASE], console, yes=True)
    prompts.losses([], console, yes=True)


def test_what_aws_guards_is_told_before_anything_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    console = typing(monkeypatch, "anb-postgres\n")
    with pytest.raises(UserError, match="deletes the database anb-postgres, guarded against .*protect_data = false"):
        prompts.losses([GUARDED], console, yes=False)
