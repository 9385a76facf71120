"""The lanes of the tests: what each proves and which files it runs. A new lane is a new row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from operations import browser, checkov, docs, package
from operations.boot import system


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A group of tests that run together.

    Args:
        name: what it is asked for by.
        proves: in one line.
        arguments: pytest's.
        prepare: installs what the tests need of the system.
        by_name: whether it runs only when it is asked for by name.
        table: a file that its tests write, shown at the end; in the project's own folder.
    """

    name: str
    proves: str
    arguments: tuple[str, ...]
    prepare: Callable[[], object] | None = None
    by_name: bool = False
    table: str | None = None


LANES = (
    Lane(
        name="package",
        proves="what other teams install is the library alone, and every example runs from it",
        arguments=("tests/integration/package",),
        prepare=package.prepare,
    ),
    Lane(
        name="checkov",
        proves="the scanner has nothing against the stacks of production that is not explained, and reads all of them",
        arguments=("tests/integration/checkov",),
        prepare=checkov.prepare,
    ),
    Lane(
        name="docs",
        proves="the documents as a site: no warning, no dead link, every page in its contents",
        arguments=("tests/integration/docs_site",),
        prepare=docs.prepare,
    ),
    Lane(
        name="release",
        proves="what instances get: the same from two folders, for both architectures, whole and small enough",
        arguments=("tests/integration/release",),
    ),
    Lane(
        name="fork",
        proves="the same stacks from cdktn and its provider, in an environment of their own",
        arguments=("tests/integration/fork",),
    ),
    Lane(
        name="local",
        proves="up, status, logs and down with real processes: stops, crashes, power cuts, taken ports",
        arguments=("tests/integration/local",),
    ),
    Lane(
        name="road",
        proves="the whole road over HTTP, from ./anb up to a voted video and down again",
        arguments=("tests/e2e/road",),
    ),
    Lane(
        name="media",
        proves="what the worker makes of every kind of honest file: frame, colours, mark, curtain, quality",
        arguments=("tests/integration/media",),
    ),
    Lane(
        name="faults",
        proves="kills, cuts, full disks and wrong clocks on a video's way: nothing is lost, and how long it took",
        arguments=("tests/integration/faults", "-m", "not soak"),
        table="tests/faults.md",
    ),
    Lane(
        name="boot",
        proves="the deployed user-data boots on a real Debian 13 that reaches AWS and the database alone; needs root",
        arguments=("tests/e2e/boot", "-m", "not soak"),
        prepare=system.ensure_programs,
    ),
    Lane(
        name="terraform",
        proves="apply, plan and destroy of every stack, and of every option, with the real Terraform and AWS provider",
        arguments=("tests/integration/terraform",),
    ),
    Lane(
        name="unit",
        proves="constructs, stacks, settings, commands and rules, each by itself",
        arguments=("tests/unit",),
    ),
    Lane(
        name="browser",
        proves="people using the portal in Chromium",
        arguments=("tests/e2e/browser",),
        prepare=browser.ensure_chromium,
    ),
    Lane(
        name="services",
        proves="portal and worker on real PostgreSQL, ffmpeg and the embedded AWS",
        arguments=("tests/integration/services",),
    ),
    Lane(
        name="deploy",
        proves="the operator's day: plans, questions, changes, interruptions and what is lost, with the real Terraform",
        arguments=("tests/integration/deploy",),
    ),
    Lane(
        name="soak",
        proves="the worker stopped at 100 random moments, and at 30 on its instance; by name only",
        arguments=("tests/integration/faults", "tests/e2e/boot", "-m", "soak"),
        prepare=system.ensure_programs,
        by_name=True,
    ),
)
