"""Results of the checks, and their rendering."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from rich.text import Text


class Level(Enum):
    """Severity of a finding."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


_STYLES = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.PROBLEM: ("✗", "bold red")}


@dataclass(frozen=True)
class DoctorFinding:
    """Result of a check.

    Args:
        level: Severity.
        subject: Checked item, such as "Terraform".
        message: Result.
        fix: How to fix it; empty when the check passed.
    """

    level: Level
    subject: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}{'. ' + self.fix if self.fix else ''}"


def ok(subject: str, message: str) -> DoctorFinding:
    """Create the finding of a passed check."""
    return DoctorFinding(Level.OK, subject, message)


def warning(subject: str, message: str, fix: str) -> DoctorFinding:
    """Create a finding that does not prevent a deployment."""
    return DoctorFinding(Level.WARNING, subject, message, fix)


def problem(subject: str, message: str, fix: str) -> DoctorFinding:
    """Create a finding that prevents a deployment."""
    return DoctorFinding(Level.PROBLEM, subject, message, fix)


def problems(findings: Iterable[DoctorFinding]) -> list[DoctorFinding]:
    """The findings that prevent a deployment."""
    return [finding for finding in findings if finding.level is Level.PROBLEM]


def render(finding: DoctorFinding) -> Text:
    """Render a finding: severity, subject and message, with the fix on a second line."""
    sign, style = _STYLES[finding.level]
    text = Text.assemble(
        (f"{sign} {finding.level.value:<8}", style), (f"{finding.subject:<13}", "bold"), finding.message
    )
    if finding.fix:
        text.append(f"\n{'':<23}{finding.fix}", style)
    return text


def summary_line(findings: Sequence[DoctorFinding]) -> str:
    """Render the numbers of problems and warnings."""
    problem_count = len(problems(findings))
    warning_count = sum(finding.level is Level.WARNING for finding in findings)
    counts = f"{problem_count} problem{'s' * (problem_count != 1)}, {warning_count} warning{'s' * (warning_count != 1)}"
    return f"{counts}. Ready to deploy." if problem_count == 0 else f"{counts}. Fix the problems first."
