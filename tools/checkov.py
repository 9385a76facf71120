"""Run the scanner checkov, installed in its own virtual environment."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workspace import virtualenv
from workspace.errors import UserError

REQUIREMENT = "checkov==3.3.30"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckovFinding:
    """A failed check.

    Args:
        rule: id of the rule.
        title: requirement of the rule.
        stack: stack of the resource.
        resource: Terraform name of the resource, without the type.
    """

    rule: str
    title: str
    stack: str
    resource: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scan:
    """Result of a scan.

    Args:
        passed: number of passed checks.
        parsing_errors: files that checkov could not read; its exit code does not show them.
        findings: failed checks.
    """

    passed: int
    parsing_errors: tuple[str, ...]
    findings: tuple[CheckovFinding, ...]


def prepare() -> Path:
    """Install checkov; return the Python of its environment."""
    return virtualenv.ensure("checkov", [REQUIREMENT])


def scan(folder: Path) -> Scan:
    """Scan the synthesized stacks of an output folder such as ``cdktf.out``.

    Raises:
        UserError: checkov did not finish.
    """
    stacks = folder / "stacks"
    # Not its script: a shebang line cannot name an interpreter whose path contains a space.
    command = [prepare(), "-m", "checkov.main", "-d", stacks, "--framework", "terraform_json", "--skip-download"]
    result = subprocess.run([*map(str, command), "-o", "json"], capture_output=True, text=True, check=False)
    try:
        report = json.loads(result.stdout)
        findings = tuple(sorted(_findings(report, stacks), key=dataclasses.astuple))
        return Scan(
            passed=report["summary"]["passed"],
            parsing_errors=tuple(report["results"]["parsing_errors"]),
            findings=findings,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"checkov did not finish: {(result.stderr or result.stdout).strip()[-800:]}") from error


def _findings(report: Mapping[str, Any], stacks: Path) -> Iterator[CheckovFinding]:
    for check in report["results"]["failed_checks"]:
        yield CheckovFinding(
            rule=check["check_id"],
            title=check["check_name"],
            stack=Path(check["file_abs_path"]).relative_to(stacks.resolve()).parts[0],
            resource=check["resource"].rpartition(".")[2],
        )


def unwaived(
    findings: tuple[CheckovFinding, ...], register: list[dict[str, Any]]
) -> tuple[list[CheckovFinding], set[str]]:
    """Compare findings with the register of waivers.

    Args:
        findings: failed checks.
        register: content of ``waivers.json``.

    Returns:
        The findings without a waiver; the waived rules without a finding, each with the path of its entry.
    """
    remaining: list[CheckovFinding] = []
    used: set[tuple[str, str]] = set()
    for finding in findings:
        entries = [entry for entry in register if _waives(entry, finding)]
        used.update((finding.rule, entry["path"]) for entry in entries)
        if not entries:
            remaining.append(finding)
    # The register also contains rules of SecurityAspect.
    waived = {(rule, entry["path"]) for entry in register for rule in entry["explains"] if rule.startswith("CKV")}
    return remaining, {f"{rule} {path}" for rule, path in waived - used}


def _waives(entry: Mapping[str, Any], finding: CheckovFinding) -> bool:
    names = {address.rpartition(".")[2] for address in entry["resources"]}
    return entry["stack"] == finding.stack and finding.rule in entry["explains"] and finding.resource in names
