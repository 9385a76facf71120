"""Generate the tables and pictures of docs/capacity.md: `python -m operations.simulate.page`."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Console

from operations.simulate import curve, deployed, picture, table
from operations.simulate.comparison import Assumptions, Comparison, compare
from stacks.settings.loader import DEFAULT_ENVIRONMENT
from workspace import paths

PAGE = paths.ROOT / "docs/capacity.md"
PICTURES = paths.ROOT / "docs/images/capacity"

_TEN = {"ANB_WORKER_MAX_SIZE": "10", "ANB_DB_MAX_CONNECTIONS": "160"}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A simulation that the page shows.

    Args:
        load: Name of a preset.
        variables: Environment variables that override settings.
        seconds_per_job, boot_seconds: Options of the command.
    """

    load: str
    variables: Mapping[str, str] = field(default_factory=dict)
    seconds_per_job: float | None = None
    boot_seconds: float | None = None


EXAMPLES = {
    "calm-day": Example(load="calm-day"),
    "city-derby": Example(load="city-derby"),
    "national-final": Example(load="national-final"),
    "national-final-of-ten": Example(load="national-final", variables=_TEN),
    "slow-jobs": Example(load="national-final", variables=_TEN, seconds_per_job=25),
    "slow-boot": Example(load="city-derby", boot_seconds=90),
}
"""Examples by their names on the page."""


def run_examples() -> dict[str, Comparison]:
    """Run all examples."""
    workers: dict[tuple[tuple[str, str], ...], deployed.DeployedWorkers] = {}
    compared = {}
    for name, example in EXAMPLES.items():
        key = tuple(sorted(example.variables.items()))
        if key not in workers:
            workers[key] = deployed.read(DEFAULT_ENVIRONMENT, example.variables)
        assumptions = Assumptions.from_measurements(example.seconds_per_job, example.boot_seconds, seed=1)
        compared[name] = compare(curve.find(example.load), workers[key], assumptions)
    return compared


def render_page(page: str, compared: Mapping[str, Comparison]) -> str:
    """Replace the tables of the page.

    Args:
        page: Markdown of the page, with a pair of comments around each table.
        compared: Results by the names in those comments.

    Raises:
        ValueError: The page has no comments for an example.
    """
    for name, comparison in compared.items():
        before, opened, rest = page.partition(f"<!-- simulated: {name} -->\n")
        _, closed, after = rest.partition("<!-- end -->")
        if not closed:
            raise ValueError(f"the page has no comment <!-- simulated: {name} -->")
        page = f"{before}{opened}{table.summary(comparison)}\n\n{markdown(comparison)}\n{closed}{after}"
    return page


def markdown(comparison: Comparison) -> str:
    """Render the table as the command prints it, without surrounding blank lines."""
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as capture:
        console.print(table.table(comparison))
    return "\n".join(line.rstrip() for line in capture.get().splitlines() if line.strip())


def draw_pictures(page: str, compared: Mapping[str, Comparison]) -> dict[str, str]:
    """Draw the pictures that the page shows, by file name."""
    drawn = {f"{name}.svg": comparison for name, comparison in compared.items()}
    return {file: picture.draw(drawn[file]) for file in re.findall(r"\(images/capacity/([\w-]+\.svg)\)", page)}


def write() -> None:
    """Write the page and its pictures."""
    compared = run_examples()
    page = render_page(PAGE.read_text(encoding="utf-8"), compared)
    PAGE.write_text(page, encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, drawn in draw_pictures(page, compared).items():
        (PICTURES / name).write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    write()
