"""What the settings say that an operator may have meant otherwise, and the report as a whole."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from operations.__main__ import anb
from operations.doctor import command
from operations.doctor.findings import DoctorFinding, Level, closing_line, line, ok, problem, warning
from operations.doctor.settings_checks import choices, release
from stacks.settings.model import Settings

SAFE = {
    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/abc",
    "alarm_email": "duty@anb.example",
}


def said(**settings: object) -> list[str]:
    return [
        each.says for each in choices("production", Settings.model_validate(settings)) if each.level is not Level.OK
    ]


def test_production_with_a_certificate_and_an_address_is_fine() -> None:
    assert said(**SAFE) == []


def test_what_people_on_the_internet_would_miss_is_a_warning() -> None:
    assert said() == [
        "the site speaks plain HTTP, so passwords can be read on the way",
        "nobody is told of alarms",
    ]
    assert said(**SAFE, protect_data=False) == ["production can be destroyed with its data"]
    assert said(target="embedded") == []


def test_a_release_that_is_not_built_is_a_problem() -> None:
    found = release(Settings.model_validate({"release_directory": "nowhere"}))
    assert found.level is Level.PROBLEM
    assert found.says.endswith("nowhere: it has no release.json: the release is not built")
    assert found.mend == "Run ./anb release"
    assert release(Settings.model_validate({"target": "embedded"})).level is Level.OK


def test_a_finding_is_a_line_with_its_mend_under_it() -> None:
    assert line(ok("Python", "3.11")).plain == "✓ ok      Python       3.11"
    told = line(problem("State", "queue is locked", "Wait")).plain.splitlines()
    assert told[0].startswith("✗ problem State") and told[1].strip() == "Wait"


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([], "0 problems, 0 warnings. Ready to deploy."),
        ([warning("a", "b", "c")], "0 problems, 1 warning. Ready to deploy."),
        ([problem("a", "b", "c"), warning("a", "b", "c")], "1 problem, 1 warning. Mend the problems first."),
    ],
)
def test_the_sum_says_whether_to_go_on(findings: list[DoctorFinding], said: str) -> None:
    assert closing_line(findings) == said


@pytest.mark.parametrize(("finding", "code"), [(warning("a", "b", "c"), 0), (problem("a", "b", "c"), 1)])
def test_the_exit_code_tells(monkeypatch: pytest.MonkeyPatch, finding: DoctorFinding, code: int) -> None:
    monkeypatch.setattr(command, "examine", lambda *_arguments: iter([finding]))
    assert CliRunner().invoke(anb, ["doctor"]).exit_code == code
