"""checkov, the scanner that others hold infrastructure against, in a virtual environment of its own."""

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
    """Something the scanner objects to.

    Args:
        rule: id of its rule.
        title: what the rule wants.
        stack: the stack it is in.
        resource: name of the resource in Terraform, without its type.
    """

    rule: str
    title: str
    stack: str
    resource: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scan:
    """What a scan said.

    Args:
        passed: how many checks passed.
        parsing_errors: files it could not read. It says so in passing, and exits as if all were well.
        findings: what it objects to.
    """

    passed: int
    parsing_errors: tuple[str, ...]
    findings: tuple[CheckovFinding, ...]


def prepare() -> Path:
    """Install the scanner; returns the Python that has it."""
    return virtualenv.ensure("checkov", [REQUIREMENT])


def scan(folder: Path) -> Scan:
    """Scan the synthesized stacks of an output folder such as ``cdktf.out``.

    Raises:
        UserError: when the scanner breaks.
    """
    stacks = folder / "stacks"
    # Not its script: a script's first line cannot name an interpreter whose path holds a space.
    command = [prepare(), "-m", "checkov.main", "-d", stacks, "--framework", "terraform_json", "--skip-download"]
    result = subprocess.run([*map(str, command), "-o", "json"], capture_output=True, text=True, check=False)
    try:
        said = json.loads(result.stdout)
        findings = tuple(sorted(_findings(said, stacks), key=dataclasses.astuple))
        return Scan(
            passed=said["summary"]["passed"], parsing_errors=tuple(said["results"]["parsing_errors"]), findings=findings
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"checkov did not finish: {(result.stderr or result.stdout).strip()[-800:]}") from error


def _findings(said: Mapping[str, Any], stacks: Path) -> Iterator[CheckovFinding]:
    for found in said["results"]["failed_checks"]:
        yield CheckovFinding(
            rule=found["check_id"],
            title=found["check_name"],
            stack=Path(found["file_abs_path"]).relative_to(stacks.resolve()).parts[0],
            resource=found["resource"].rpartition(".")[2],
        )


def unexplained(
    findings: tuple[CheckovFinding, ...], register: list[dict[str, Any]]
) -> tuple[list[CheckovFinding], set[str]]:
    """What the register does not explain, and what it explains and nothing found.

    Args:
        findings: what the scanner objects to.
        register: what ``waivers.json`` holds.

    Returns:
        The findings that no entry explains; the rules, each with the entry's path, that are explained and not found.
    """
    left: list[CheckovFinding] = []
    used: set[tuple[str, str]] = set()
    for finding in findings:
        entries = [entry for entry in register if _explains(entry, finding)]
        used.update((finding.rule, entry["path"]) for entry in entries)
        if not entries:
            left.append(finding)
    # The register also names rules of SecurityAspect's own.
    given = {(rule, entry["path"]) for entry in register for rule in entry["explains"] if rule.startswith("CKV")}
    return left, {f"{rule} {path}" for rule, path in given - used}


def _explains(entry: Mapping[str, Any], finding: CheckovFinding) -> bool:
    names = {address.rpartition(".")[2] for address in entry["resources"]}
    return entry["stack"] == finding.stack and finding.rule in entry["explains"] and finding.resource in names
