"""Sessions shown in the documents are ones that were seen: a lane compares them, and writes them with RECORD=1."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Sequence

from workspace.paths import ROOT

INSTANCES = ("i-0a1b2c3d4e5f60718", "i-0b2c3d4e5f6071829", "i-0c3d4e5f607182930", "i-0d4e5f60718293a4b")
COMMITS = ("c0ffee12" * 5, "beef3456" * 5, "face7890" * 5)
"""Stand for the first, the second and so on of a session; as long as what they stand for, for the tables' sake."""

EACH_RESOURCE = r"(?:^ *(?:[~+-] )?(?:created|changed|destroyed) +\S+/.*\n|^      \w.*\n)+"
"""The lines of a plan and of its application that name a resource, and what of it changes."""

STACKS = ("network", "storage", "queue", "database", "load-balancer", "portal", "workers", "observability")
"""In an order in which they can be deployed."""

# Of the embedded AWS: twelve digits, as a commit's first may be.
_ACCOUNT = "123456789012"
_OF_THE_MACHINE = (
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
)


def check(
    page: str, name: str, command: str, output: str, *, left_out: str | None = None, order: Sequence[str] = ()
) -> None:
    """Compare a session with the block ``<!-- recorded: name -->`` of a page.

    Args:
        page: such as ``docs/deploy.md``.
        name: of the block.
        command: what was typed.
        output: what came back.
        left_out: pattern of what the page shows as ``[...]``.
        order: of stacks that are applied side by side, in which the page shows them.

    Raises:
        AssertionError: with what differs.
    """
    session = readable(command, output, left_out=left_out, order=order)
    file, block = ROOT / page, re.compile(rf"(<!-- recorded: {name} -->\n```text\n)(.*?)(```\n)", re.DOTALL)
    found = block.search(file.read_text())
    assert found, f"{page} has no block that begins with <!-- recorded: {name} -->"
    if os.environ.get("RECORD"):
        file.write_text(block.sub(lambda block: block[1] + session + block[3], file.read_text()))
        return
    differing = difflib.unified_diff(found[2].splitlines(), session.splitlines(), page, "seen", lineterm="")
    assert session == found[2], "\n".join(["RECORD=1 writes what was seen:", *differing])


def readable(command: str, output: str, *, left_out: str | None = None, order: Sequence[str] = ()) -> str:
    """A session as a page shows it: without how long things took, and with sample names for those made at random."""
    for pattern, instead in _OF_THE_MACHINE:
        output = re.sub(pattern, instead, output, flags=re.MULTILINE)
    output = re.sub(r"i-[0-9a-f]{17}", _numbered(INSTANCES), output)
    output = re.sub(rf"\b(?!{_ACCOUNT}\b)(?:[0-9a-f]{{40}}|[0-9a-f]{{12}})\b", _numbered(COMMITS), output)
    output = re.sub(r"─+ Deployed in \d+ s ─+", lambda box: " Deployed in 310 s ".center(len(box[0]), "─"), output)
    if left_out:
        output, cuts = re.subn(left_out, "[...]\n", output, flags=re.MULTILINE)
        assert cuts, f"{left_out!r} is left out, and was not there"
    output = re.sub(r" +$", "", output, flags=re.MULTILINE)
    if order:
        line = rf"(?:✓ (?:{'|'.join(order)}): .*|\[\.\.\.\])\n"
        output = re.sub(
            rf"^(?:{line})+", lambda block: _sorted(block[0].splitlines(), order), output, flags=re.MULTILINE
        )
    return f"$ {command}\n{output.rstrip()}\n"


def _sorted(lines: Sequence[str], order: Sequence[str]) -> str:
    """The lines of stacks that are applied side by side, stack by stack; what is left out between them goes before."""
    of_stacks = [line for line in lines if line.startswith("✓")]
    if not of_stacks:
        return "".join(f"{line}\n" for line in lines)
    ordered = sorted(of_stacks, key=lambda line: order.index(line.removeprefix("✓ ").partition(":")[0]))
    return "".join(f"{line}\n" for line in (["[...]"] if "[...]" in lines else []) + ordered)


def _numbered(samples: tuple[str, ...]) -> Callable[[re.Match[str]], str]:
    known: dict[str, str] = {}

    def sample(found: re.Match[str]) -> str:
        sample = known.setdefault(found[0][:12], samples[min(len(known), len(samples) - 1)])
        return sample[: len(found[0])]

    return sample
