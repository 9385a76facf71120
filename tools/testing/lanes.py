"""The test lanes: their purpose, their folders, and the changes that trigger them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from emulator import system
from tools import checkov, docs, package
from workspace import browser
from workspace.errors import UserError

TOUCHES_EVERY_LANE = (
    "Pipfile.lock",
    "package-lock.json",
    "pyproject.toml",
    "anb",
    "tests/conftest.py",
    "tools/testing/",
)
"""A change below one of these paths triggers every lane."""


class Tier(enum.Enum):
    """When a lane runs."""

    DEFAULT = "every run"
    FULL = "--all"
    EXPLICIT = "by name only"


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A group of tests that run in one pytest process.

    Args:
        name: name on the command line.
        description: purpose, in one line.
        folders: folders of its tests.
        marker: pytest marker expression that selects tests of the folders; default: all of them.
        tier: when it runs.
        waits: whether it mostly waits for servers and clocks, so that another lane can use the core.
        touched_by: paths whose change triggers the lane, in addition to its own folders.
        prepare: function that installs the tests' requirements.
        table: file that its tests write in the cache folder, printed at the end.
    """

    name: str
    description: str
    folders: tuple[str, ...]
    marker: str = ""
    tier: Tier = Tier.FULL
    waits: bool = False
    touched_by: tuple[str, ...] = ()
    prepare: Callable[[], object] | None = None
    table: str | None = None

    def is_touched_by(self, paths: Collection[str]) -> bool:
        """Whether a change of one of these paths triggers the lane."""
        prefixes = (*self.touched_by, *(f"{folder}/" for folder in self.folders), *TOUCHES_EVERY_LANE)
        return any(path.startswith(prefixes) for path in paths)


def _prepare_docs() -> None:
    docs.prepare()
    browser.ensure_chromium()


CONSTRUCTS = ("constructs_lib/", "stacks/", "environments/", "examples/")
EMULATOR = ("emulator/", "operations/local/", "workspace/")

LANES = (
    # Lanes start in this order: the longest first within each tier.
    Lane(
        name="e2e",
        description="./anb up deploys every stack; people upload and vote for a clip over HTTP and in Chromium",
        folders=("tests/e2e/up",),
        tier=Tier.DEFAULT,
        waits=True,
        prepare=browser.ensure_chromium,
    ),
    Lane(
        name="portal",
        description="API and pages on a real PostgreSQL and the AWS emulator",
        folders=("tests/integration/services/portal",),
        tier=Tier.DEFAULT,
    ),
    Lane(
        name="unit",
        description="constructs with their snapshots, stacks, settings, commands, documents and rules",
        folders=("tests/unit",),
        tier=Tier.DEFAULT,
    ),
    Lane(
        name="worker",
        description="jobs, encoding and receipts on real ffmpeg, PostgreSQL and the AWS emulator",
        folders=("tests/integration/services/worker",),
        tier=Tier.DEFAULT,
    ),
    Lane(
        name="services",
        description="votes, rankings, claims, migrations, the SQS consumer; on a real PostgreSQL and the AWS emulator",
        folders=tuple(f"tests/integration/services/{part}" for part in ("shared", "contest", "videos", "consumer")),
        tier=Tier.DEFAULT,
    ),
    Lane(
        name="operations",
        description="commands on the AWS emulator and a real PostgreSQL; boots of user data on loopback",
        folders=tuple(f"tests/integration/{part}" for part in ("operations", "emulator", "workspace", "user_data")),
        tier=Tier.DEFAULT,
    ),
    Lane(
        name="deploy",
        description="deploy, status, logs, scale, rollback and destroy with the real Terraform; interruptions and loss",
        folders=("tests/integration/deploy",),
        waits=True,
        touched_by=(
            *CONSTRUCTS,
            *EMULATOR,
            "operations/deploy/",
            "operations/deployed/",
            "operations/destroy/",
            "operations/doctor/",
            "operations/release/",
        ),
    ),
    Lane(
        name="instances",
        description="deployed user data boots on a real Debian 13 that reaches AWS and the database only; needs root",
        folders=("tests/e2e/instances",),
        marker="not soak",
        waits=True,
        touched_by=(*CONSTRUCTS, *EMULATOR, "benchmarks/boot/", "services/"),
        prepare=system.ensure_programs,
    ),
    Lane(
        name="faults",
        description="kills, network failures, full disks and wrong clocks lose no video; measures recovery",
        folders=("tests/integration/faults",),
        marker="not soak",
        waits=True,
        touched_by=("services/",),
        table="tests/faults.md",
    ),
    Lane(
        name="terraform",
        description="apply, plan and destroy of every option of every construct with the real Terraform",
        folders=("tests/integration/terraform",),
        waits=True,
        touched_by=(*CONSTRUCTS, *EMULATOR),
    ),
    Lane(
        name="local",
        description="up, status, logs and down with real processes: stops, crashes, power cuts, ports in use",
        folders=("tests/integration/local",),
        waits=True,
        touched_by=("emulator/", "operations/local/", "workspace/", "services/environment.py", "services/migrations/"),
    ),
    Lane(
        name="media",
        description="every kind of valid and hostile file: frame, colours, watermark, bumper, quality, limits",
        folders=("tests/integration/media",),
        touched_by=("services/worker/",),
    ),
    Lane(
        name="browser",
        description="people using the portal in Chromium: pages, uploads, moderation, accessibility, no scripts",
        folders=("tests/e2e/browser",),
        touched_by=("services/portal/",),
        prepare=browser.ensure_chromium,
    ),
    Lane(
        name="docs",
        description="the documents build as a site without warnings or dead links; the contributor's guide works",
        folders=("tests/integration/docs_site",),
        touched_by=(
            "docs/",
            "README.md",
            "CHANGELOG.md",
            "UPGRADE.md",
            "constructs_lib/CHANGELOG.md",
            "examples/",
            "tools/docs.py",
        ),
        prepare=_prepare_docs,
    ),
    Lane(
        name="cdktn",
        description="cdktn and its provider, in their own environment, synthesize the same stacks",
        folders=("tests/integration/cdktn",),
        touched_by=CONSTRUCTS,
    ),
    Lane(
        name="release",
        description="release archives: reproducible, for both architectures, complete and small enough",
        folders=("tests/integration/release",),
        touched_by=("operations/release/", "services/", "Pipfile"),
    ),
    Lane(
        name="package",
        description="the library installs without the product, and every example runs with it",
        folders=("tests/integration/package",),
        touched_by=("constructs_lib/", "examples/"),
        prepare=package.prepare,
    ),
    Lane(
        name="checkov",
        description="Checkov parses all production stacks and reports no unwaived findings",
        folders=("tests/integration/checkov",),
        touched_by=CONSTRUCTS,
        prepare=checkov.prepare,
    ),
    Lane(
        name="aws",
        description="AWS's own data accepts every variant: IAM policies match the recorded calls, values, validation",
        folders=("tests/integration/aws",),
        touched_by=(*CONSTRUCTS, "operations/doctor/", "tests/service_calls.json", "tests/service_calls.py"),
    ),
    Lane(
        name="synth",
        description="stock and fast synth write the same files; commands that synthesize print no Node warnings",
        folders=("tests/integration/synth",),
        touched_by=(
            "constructs_lib/foundation/cdk.py",
            "constructs_lib/foundation/lazy_provider.js",
            "stacks/",
            "main.py",
        ),
    ),
    Lane(
        name="benchmarks",
        description="each benchmark runs on a small scale",
        folders=("tests/integration/benchmarks",),
        touched_by=("benchmarks/",),
    ),
    Lane(
        name="soak",
        description="the worker stopped at 100 random moments, and at 30 on its instance",
        folders=("tests/integration/faults", "tests/e2e/instances"),
        marker="soak",
        tier=Tier.EXPLICIT,
        prepare=system.ensure_programs,
    ),
)


def choose(
    names: Collection[str] = (), *, everything: bool = False, changed: Collection[str] | None = None
) -> Sequence[Lane]:
    """Choose the lanes to run, in the order of the table.

    Args:
        names: names of lanes; default: the default tier.
        everything: whether to add the full tier.
        changed: changed paths, relative to the project, which add the lanes of the full tier they touch.

    Raises:
        UserError: names are combined with ``everything`` or ``changed``.
    """
    if names:
        if everything or changed is not None:
            raise UserError(
                f"{', '.join(names)}: lanes are named, or chosen by --all or --changed. Fix: give only one."
            )
        return [lane for lane in LANES if lane.name in names]
    return [
        lane
        for lane in LANES
        if lane.tier is Tier.DEFAULT
        or (lane.tier is Tier.FULL and (everything or (changed is not None and lane.is_touched_by(changed))))
    ]
