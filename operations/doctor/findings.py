"""What was looked at, how it is, and how to mend what is not as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from rich.text import Text


class Level(Enum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


_STYLES = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.PROBLEM: ("✗", "bold red")}


@dataclass(frozen=True)
class DoctorFinding:
    """Something that was looked at.

    Args:
        level: how bad it is.
        about: what it is about, such as "Terraform".
        says: how it is.
        mend: what to do; empty when it is fine.
    """

    level: Level
    about: str
    says: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.about}: {self.says}{'. ' + self.mend if self.mend else ''}"


def ok(about: str, says: str) -> DoctorFinding:
    """It is fine."""
    return DoctorFinding(Level.OK, about, says)


def warning(about: str, says: str, mend: str) -> DoctorFinding:
    """It can be deployed all the same."""
    return DoctorFinding(Level.WARNING, about, says, mend)


def problem(about: str, says: str, mend: str) -> DoctorFinding:
    """Nothing can be deployed before it is mended."""
    return DoctorFinding(Level.PROBLEM, about, says, mend)


def problems(findings: Iterable[DoctorFinding]) -> list[DoctorFinding]:
    """Those that stop a deployment."""
    return [finding for finding in findings if finding.level is Level.PROBLEM]


def line(finding: DoctorFinding) -> Text:
    """A finding on the screen: how bad, about what, how it is, and on a line of its own how to mend it."""
    sign, style = _STYLES[finding.level]
    text = Text.assemble((f"{sign} {finding.level.value:<8}", style), (f"{finding.about:<13}", "bold"), finding.says)
    if finding.mend:
        text.append(f"\n{'':<23}{finding.mend}", style)
    return text


def closing_line(findings: Sequence[DoctorFinding]) -> str:
    """The sum."""
    bad = len(problems(findings))
    weak = sum(finding.level is Level.WARNING for finding in findings)
    counted = f"{bad} problem{'s' * (bad != 1)}, {weak} warning{'s' * (weak != 1)}"
    return f"{counted}. Ready to deploy." if bad == 0 else f"{counted}. Mend the problems first."
