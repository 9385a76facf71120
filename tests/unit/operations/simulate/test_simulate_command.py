"""`anb simulate`, and the page with its output."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from operations.__main__ import anb
from operations.simulate import page
from operations.simulate.comparison import Comparison
from stacks.settings.model import Settings
from tests import transcripts

PAGE_TEXT = page.PAGE.read_text(encoding="utf-8")
HINT = "it is out of date: run .venv/bin/python -m operations.simulate.page"


@pytest.fixture(scope="module")
def compared() -> Mapping[str, Comparison]:
    return page.run_examples()


def anb_simulate(*arguments: str, **variables: str) -> Result:
    # Clear settings from the developer's environment.
    cleared = {f"ANB_{name.upper()}": None for name in ("environment", *Settings.model_fields)}
    return CliRunner().invoke(anb, ["simulate", *arguments], env={**cleared, "COLUMNS": "100", **variables})


def test_tables_of_the_page_are_current(compared: Mapping[str, Comparison]) -> None:
    assert page.render_page(PAGE_TEXT, compared) == PAGE_TEXT, HINT


def test_pictures_of_the_page_are_current(compared: Mapping[str, Comparison]) -> None:
    pictures = page.draw_pictures(PAGE_TEXT, compared)

    assert set(pictures) == {file.name for file in page.PICTURES.iterdir()}
    for name, drawn in pictures.items():
        assert (page.PICTURES / name).read_text(encoding="utf-8") == drawn, HINT


def test_page_without_a_comment_for_an_example_is_an_error(compared: Mapping[str, Comparison]) -> None:
    with pytest.raises(ValueError, match="the page has no comment <!-- simulated: calm-day -->"):
        page.render_page("", compared)


def test_statements_of_the_page_hold(compared: Mapping[str, Comparison]) -> None:
    def late(name: str, strategy: int) -> float:
        waits = [wait for _, wait in compared[name].strategies[strategy].outcome.waits]
        return sum(wait > compared[name].workers.acceptable_wait for wait in waits) / len(waits)

    def hours(name: str, strategy: int) -> float:
        return compared[name].strategies[strategy].outcome.hours

    assert compared["calm-day"].strategies[0].outcome.changes == ()
    assert late("city-derby", 0) == late("slow-boot", 0) == 0
    quick, slow = (compared[name].strategies[0].outcome for name in ("city-derby", "slow-boot"))
    for share in (0.5, 0.95, 1):
        assert (slow.wait(share) or 0) - (quick.wait(share) or 0) < 90 - compared["city-derby"].assumptions.boot_seconds
    assert all(0.25 < late("national-final", strategy) < 0.45 for strategy in range(3))
    assert late("national-final-of-ten", 0) == 0
    # Equivalent with short jobs; an overshoot with long ones.
    assert hours("national-final-of-ten", 1) < 1.05 * hours("national-final-of-ten", 0)
    assert hours("slow-jobs", 1) > 1.15 * hours("slow-jobs", 0)


def test_preset_prints_the_table_and_draws_the_picture(tmp_path: Path) -> None:
    result = anb_simulate("calm-day", "--pictures", str(tmp_path))

    assert result.exit_code == 0, result.output
    block = PAGE_TEXT.partition("<!-- simulated: calm-day -->\n")[2].partition("<!-- end -->")[0].splitlines()
    printed = [line.rstrip() for line in result.stdout.splitlines()]
    assert all(line in printed for line in block if line.startswith("|"))
    drawn = (tmp_path / "calm-day.svg").read_text(encoding="utf-8")
    assert drawn == (page.PICTURES / "calm-day.svg").read_text(encoding="utf-8")
    assert f"Picture: {tmp_path / 'calm-day.svg'}" in printed
    transcripts.check("docs/capacity.md", "simulate", "./anb simulate calm-day", result.output)
    assert "Reading the workers of production" in result.stderr


def test_invalid_picture_folder_raises_user_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = anb_simulate("calm-day", "--pictures", str(tmp_path / "file/pictures"))
    assert result.exit_code == 1
    assert (
        f"The folder {tmp_path / 'file/pictures'} for the pictures cannot be created: Not a directory." in result.output
    )


def test_custom_load_with_custom_times(tmp_path: Path) -> None:
    load = tmp_path / "evening.toml"
    load.write_text('uploads_per_minute = [["18:00", 2], ["18:00", 40], ["19:00", 40]]\n')
    options = ("--seconds-per-job", "60", "--boot-seconds", "30", "--pictures", str(tmp_path / "pictures"))
    result = anb_simulate(str(load), *options, ANB_WORKER_MAX_SIZE="2")

    assert result.exit_code == 0, result.output
    assert "up to 40 per minute. A job takes 60.0 s, a boot 30.0 s." in " ".join(result.stdout.split())
    assert "| always 2 " in result.stdout
    assert "deployed: " in result.stdout and "videos still waiting at the end" in result.stdout
    assert (tmp_path / "pictures/evening.svg").is_file()


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["derby"], {}, "Error: LOAD is 'derby'; must be one of calm-day, city-derby, national-final, or the path"),
        (["--environment", "mars"], {}, "ANB_ENVIRONMENT is 'mars'; must be one of local, production"),
        ([], {"ANB_WORKER_MAX_SIZE": "0"}, "The settings of production cannot be used:\nANB_WORKER_MAX_SIZE is '0'"),
        (["--boot-seconds", "601"], {}, "Boot time is 601 s; must be at most 600 s"),
        (["--seconds-per-job", "681"], {}, "Job time is 681 s; must be at most 680 s"),
    ],
)
def test_invalid_input_raises_user_error(
    arguments: list[str], variables: dict[str, str], message: str, tmp_path: Path
) -> None:
    result = anb_simulate(*arguments, "--pictures", str(tmp_path), **variables)

    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


def test_option_out_of_range_is_an_error() -> None:
    result = anb_simulate("--seconds-per-job", "0")

    assert result.exit_code == 2
    assert "0.0 is not in the range 0.1<=x<=43200" in result.output


def test_help_names_the_presets_and_the_page() -> None:
    words = " ".join(anb_simulate("--help").output.split())

    for text in ("calm-day, city-derby, national-final, or a TOML file", "docs/capacity.md", "ANB_WORKER_MAX_SIZE=5"):
        assert text in words
