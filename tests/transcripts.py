"""Compare the recorded sessions in the documentation with real output; RECORD=1 updates them."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Sequence

from workspace.paths import ROOT

INSTANCES = ("i-0a1b2c3d4e5f60718", "i-0b2c3d4e5f6071829", "i-0c3d4e5f607182930", "i-0d4e5f60718293a4b")
COMMITS = ("c0ffee12" * 5, "beef3456" * 5, "face7890" * 5)
"""Replacements for the first, second and further ids of a session, with the same length so that tables align."""

EACH_RESOURCE = r"(?:^ *(?:[~+-] )?(?:created|changed|destroyed) +\S+/.*\n|^      \w.*\n)+"
"""Lines of a plan or an apply that name a resource or its changed attributes."""

STACKS = ("network", "storage", "queue", "database", "load-balancer", "portal", "workers", "observability")
"""Names of the stacks, in a possible deployment order."""

# Account of the AWS emulator; it looks like a shortened commit.
_ACCOUNT = "123456789012"
_REPLACEMENTS = (
    (r"^… .*\n", ""),
    (r"^    (?:[\w-]+: )?\d+ s, .*\n", ""),
    (r"  \d+\.\d s(, provider .*)?", ""),
    (r"─{3,} (\w[\w ]+) ─{3,}$", r"── \1 ──"),
    (r"-20\d{23}[0-9a-f]\b", "-20260102030405678900000001"),
    (r"\d+\.\d MiB", "123.5 MiB"),
    (r"(\d{4}-\d\d-\d\d )\d\d:\d\d:\d\d UTC", "2026-01-02 03:04:05 UTC"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "2026-01-02T03:04:05Z"),
    (r"us-east-1[a-f]\b", "us-east-1a"),
    (r"127\.0\.0\.1:\d{5}", "127.0.0.1:45678"),
    (r"(✓ ok      Python +).*", r"\g<1>3.13"),
    (r"(✓ ok      Node +).*", r"\g<1>22"),
    (r"(✓ ok      Terraform +).*", r"\g<1>1.11.4"),
    (r"(✓ ok      AWS provider [\d.]+) .*", r"\1"),
    (r"/\S+/(?=states/|s3-backup-|deployment-info)", ""),
    (r"(Picture: )/\S+/", r"\1.anb/simulate/"),
    (r"s3-backup-\d+-\d+", "s3-backup-20260102-030405"),
    (r"refresh [0-9a-f-]{36}\b", "refresh 08b91cf7-8fa6-48af-b6a6-d227f40f1b9b"),
)


def check(
    page: str, name: str, command: str, output: str, *, omitted: str | None = None, order: Sequence[str] = ()
) -> None:
    """Compare a session with the block ``<!-- recorded: name -->`` of a page.

    Args:
        page: Path of the page, such as ``docs/deploy.md``.
        name: Name of the block.
        command: Typed command.
        output: Output of the command.
        omitted: Pattern of lines that the page shows as ``[...]``.
        order: Order in which the page shows stacks that are applied in parallel.

    Raises:
        AssertionError: The session differs; the message is a diff.
    """
    session = normalize(command, output, omitted=omitted, order=order)
    file, block = ROOT / page, re.compile(rf"(<!-- recorded: {name} -->\n```text\n)(.*?)(```\n)", re.DOTALL)
    found = block.search(file.read_text())
    assert found, f"{page} has no block <!-- recorded: {name} -->"
    if os.environ.get("RECORD"):
        file.write_text(block.sub(lambda block: block[1] + session + block[3], file.read_text()))
        return
    diff = difflib.unified_diff(found[2].splitlines(), session.splitlines(), page, "actual", lineterm="")
    assert session == found[2], "\n".join(["Update the page with RECORD=1:", *diff])


def normalize(command: str, output: str, *, omitted: str | None = None, order: Sequence[str] = ()) -> str:
    """Remove durations from a session and replace times, paths and random ids by fixed samples."""
    for pattern, replacement in _REPLACEMENTS:
        output = re.sub(pattern, replacement, output, flags=re.MULTILINE)
    output = re.sub(r"i-[0-9a-f]{17}", _replace_ids(INSTANCES), output)
    output = re.sub(rf"\b(?!{_ACCOUNT}\b)(?:[0-9a-f]{{40}}|[0-9a-f]{{12}})\b", _replace_ids(COMMITS), output)
    output = re.sub(r"─+ Deployed in \d+ s ─+", lambda box: " Deployed in 310 s ".center(len(box[0]), "─"), output)
    if omitted:
        output, count = re.subn(omitted, "[...]\n", output, flags=re.MULTILINE)
        assert count, f"the output has no match for the omitted lines {omitted!r}"
    output = re.sub(r" +$", "", output, flags=re.MULTILINE)
    if order:
        line = rf"(?:✓ (?:{'|'.join(order)}): .*|\[\.\.\.\])\n"
        output = re.sub(
            rf"^(?:{line})+", lambda block: _sorted(block[0].splitlines(), order), output, flags=re.MULTILINE
        )
    return f"$ {command}\n{output.rstrip()}\n"


def _sorted(lines: Sequence[str], order: Sequence[str]) -> str:
    """Sort the lines of stacks that are applied in parallel; one ``[...]`` before them marks omitted lines."""
    stack_lines = [line for line in lines if line.startswith("✓")]
    if not stack_lines:
        return "".join(f"{line}\n" for line in lines)
    ordered = sorted(stack_lines, key=lambda line: order.index(line.removeprefix("✓ ").partition(":")[0]))
    return "".join(f"{line}\n" for line in (["[...]"] if "[...]" in lines else []) + ordered)


def _replace_ids(samples: tuple[str, ...]) -> Callable[[re.Match[str]], str]:
    """Create a replacement function for ``re.sub`` that maps each distinct id to the next sample."""
    known: dict[str, str] = {}

    def replace(match: re.Match[str]) -> str:
        sample = known.setdefault(match[0][:12], samples[min(len(known), len(samples) - 1)])
        return sample[: len(match[0])]

    return replace
