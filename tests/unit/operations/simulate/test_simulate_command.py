"""`anb simulate` as people run it, and the page that shows what it prints."""

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

SHOWN = page.PAGE.read_text(encoding="utf-8")
ADVICE = "it is out of date: run .venv/bin/python -m operations.simulate.page"


@pytest.fixture(scope="module")
def compared() -> Mapping[str, Comparison]:
    return page.runs()


def anb_simulate(*arguments: str, **variables: str) -> Result:
    # No setting of whoever runs the tests.
    cleared = {f"ANB_{name.upper()}": None for name in ("environment", *Settings.model_fields)}
    return CliRunner().invoke(anb, ["simulate", *arguments], env={**cleared, "COLUMNS": "100", **variables})


def test_the_page_shows_what_is_simulated_today(compared: Mapping[str, Comparison]) -> None:
    assert page.rendered(SHOWN, compared) == SHOWN, ADVICE


def test_the_pictures_are_todays(compared: Mapping[str, Comparison]) -> None:
    pictures = page.pictures(SHOWN, compared)

    assert set(pictures) == {file.name for file in page.PICTURES.iterdir()}
    for name, drawn in pictures.items():
        assert (page.PICTURES / name).read_text(encoding="utf-8") == drawn, ADVICE


def test_a_page_without_a_place_for_a_run_is_a_mistake(compared: Mapping[str, Comparison]) -> None:
    with pytest.raises(ValueError, match="the page has no place for calm-day"):
        page.rendered("", compared)


def test_what_the_page_says_of_its_tables_holds(compared: Mapping[str, Comparison]) -> None:
    def late(name: str, contender: int) -> float:
        waits = [wait for _, wait in compared[name].contenders[contender].outcome.waits]
        return sum(wait > compared[name].workers.acceptable_wait for wait in waits) / len(waits)

    def hours(name: str, contender: int) -> float:
        return compared[name].contenders[contender].outcome.hours

    assert compared["calm-day"].contenders[0].outcome.changes == ()
    assert late("city-derby", 0) == late("slow-boot", 0) == 0
    quick, slow = (compared[name].contenders[0].outcome for name in ("city-derby", "slow-boot"))
    for share in (0.5, 0.95, 1):
        assert (slow.wait(share) or 0) - (quick.wait(share) or 0) < 90 - compared["city-derby"].assumed.boot_seconds
    assert all(0.25 < late("national-final", contender) < 0.45 for contender in range(3))
    assert late("national-final-of-ten", 0) == 0
    # About as good with short jobs; an overshoot with long ones.
    assert hours("national-final-of-ten", 1) < 1.05 * hours("national-final-of-ten", 0)
    assert hours("slow-jobs", 1) > 1.15 * hours("slow-jobs", 0)


def test_a_preset_prints_the_table_of_the_page_and_draws_its_picture(tmp_path: Path) -> None:
    result = anb_simulate("calm-day", "--pictures", str(tmp_path))

    assert result.exit_code == 0, result.output
    block = SHOWN.partition("<!-- simulated: calm-day -->\n")[2].partition("<!-- end -->")[0].splitlines()
    printed = [line.rstrip() for line in result.stdout.splitlines()]
    assert all(line in printed for line in block if line.startswith("|"))
    drawn = (tmp_path / "calm-day.svg").read_text(encoding="utf-8")
    assert drawn == (page.PICTURES / "calm-day.svg").read_text(encoding="utf-8")
    assert f"Picture: {tmp_path / 'calm-day.svg'}" in printed
    transcripts.check("docs/capacity.md", "simulate", "./anb simulate calm-day", result.output)
    assert "Reading the workers of production" in result.stderr


def test_a_folder_for_the_pictures_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = anb_simulate("calm-day", "--pictures", str(tmp_path / "file/pictures"))
    assert refused.exit_code == 1
    assert f"There can be no folder {tmp_path / 'file/pictures'} for the pictures: Not a directory." in refused.output


def test_a_load_of_ones_own_with_other_times(tmp_path: Path) -> None:
    load = tmp_path / "evening.toml"
    load.write_text('uploads_per_minute = [["18:00", 2], ["18:00", 40], ["19:00", 40]]\n')
    options = ("--seconds-per-job", "60", "--boot-seconds", "30", "--pictures", str(tmp_path / "made"))
    result = anb_simulate(str(load), *options, ANB_WORKER_MAX_SIZE="2")

    assert result.exit_code == 0, result.output
    assert "up to 40 a minute. A job takes 60.0 s, a boot 30.0 s." in " ".join(result.stdout.split())
    assert "| always 2 " in result.stdout
    assert "deployed: " in result.stdout and "still wait when it ends" in result.stdout
    assert (tmp_path / "made/evening.svg").is_file()


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["derby"], {}, "Error: The load is 'derby'; allowed are calm-day, city-derby, national-final, or the path"),
        (["--environment", "mars"], {}, "ANB_ENVIRONMENT is 'mars'; must be one of local, production"),
        ([], {"ANB_WORKER_MAX_SIZE": "0"}, "The settings of production cannot be used:\nANB_WORKER_MAX_SIZE is '0'"),
        (["--boot-seconds", "601"], {}, "A boot takes 601 s; allowed are up to 600 s"),
        (["--seconds-per-job", "681"], {}, "A job takes 681 s; allowed are up to 680 s"),
    ],
)
def test_a_mistake_ends_in_a_sentence(
    arguments: list[str], variables: dict[str, str], said: str, tmp_path: Path
) -> None:
    result = anb_simulate(*arguments, "--pictures", str(tmp_path), **variables)

    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_an_option_out_of_its_range_is_told() -> None:
    result = anb_simulate("--seconds-per-job", "0")

    assert result.exit_code == 2
    assert "0.0 is not in the range 0.1<=x<=43200" in result.output


def test_the_help_names_the_presets_and_the_page() -> None:
    words = " ".join(anb_simulate("--help").output.split())

    for told in ("calm-day, city-derby, national-final, or a TOML file", "docs/capacity.md", "ANB_WORKER_MAX_SIZE=5"):
        assert told in words
