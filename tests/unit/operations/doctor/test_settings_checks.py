"""Checks of the settings and the release; output and exit code of the command."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from operations.__main__ import anb
from operations.doctor import command
from operations.doctor.findings import DoctorFinding, Level, ok, problem, render, summary_line, warning
from operations.doctor.settings_checks import check_release, check_settings
from stacks.settings.model import Settings

SAFE = {
    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/abc",
    "alarm_email": "duty@anb.example",
}


def warnings(**settings: object) -> list[str]:
    findings = check_settings("production", Settings.model_validate(settings))
    return [finding.message for finding in findings if finding.level is not Level.OK]


def test_production_with_certificate_and_alarm_address_is_ok() -> None:
    assert warnings(**SAFE) == []


def test_missing_https_alarms_and_protection_are_warnings() -> None:
    assert warnings() == [
        "the site uses plain HTTP, so passwords are sent unencrypted",
        "alarms are not sent to any address",
    ]
    assert warnings(**SAFE, protect_data=False) == ["production can be destroyed with its data"]
    assert warnings(**SAFE, final_snapshot=False) == ["a destroyed database leaves no snapshot"]
    assert warnings(target="embedded") == []


def test_region_without_rds_certificate_is_a_problem() -> None:
    assert warnings(**SAFE, aws_region="mx-central-1") == []
    assert warnings(**SAFE, aws_region="xx-north-1") == [
        "the release has no certificate authority of RDS in xx-north-1"
    ]


def test_missing_release_is_a_problem() -> None:
    finding = check_release(Settings.model_validate({"release_directory": "nowhere"}))
    assert finding.level is Level.PROBLEM
    assert finding.message.endswith("nowhere: it has no release.json: the release is not built")
    assert finding.fix == "Run ./anb release"
    assert check_release(Settings.model_validate({"target": "embedded"})).level is Level.OK


def test_fix_is_rendered_below_the_finding() -> None:
    assert render(ok("Python", "3.11")).plain == "✓ ok      Python       3.11"
    lines = render(problem("State", "queue is locked", "Wait")).plain.splitlines()
    assert lines[0].startswith("✗ problem State") and lines[1].strip() == "Wait"


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], "0 problems, 0 warnings. Ready to deploy."),
        ([warning("a", "b", "c")], "0 problems, 1 warning. Ready to deploy."),
        ([problem("a", "b", "c"), warning("a", "b", "c")], "1 problem, 1 warning. Fix the problems first."),
    ],
)
def test_summary_line_counts_problems_and_warnings(findings: list[DoctorFinding], expected: str) -> None:
    assert summary_line(findings) == expected


@pytest.mark.parametrize(("finding", "code"), [(warning("a", "b", "c"), 0), (problem("a", "b", "c"), 1)])
def test_exit_code_is_1_for_problems_only(monkeypatch: pytest.MonkeyPatch, finding: DoctorFinding, code: int) -> None:
    monkeypatch.setattr(command, "run_checks", lambda *_arguments: iter([finding]))
    assert CliRunner().invoke(anb, ["doctor"]).exit_code == code
