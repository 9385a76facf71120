"""Loads: file format, errors, and drawn arrivals."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from operations.simulate import curve
from operations.simulate.curve import LoadCurve
from operations.simulate.jobs import draw
from workspace.errors import UserError

HEAD = 'title = "Derby"\nwhy = "two teams"\n'


def write_load(folder: Path, rows: str, head: str = HEAD) -> Path:
    file = folder / "load.toml"
    file.write_text(f"{head}uploads_per_minute = {rows}\n")
    return file


def test_load_is_linear_between_points(tmp_path: Path) -> None:
    load = curve.read(
        write_load(tmp_path, '[["18:30", 0], ["19:30", 6], ["20:00", 6], ["20:00", 1.5], ["25:00", 1.5]]')
    )

    assert (load.title, load.why, load.starts, load.seconds) == ("Derby", "two teams", 18.5 * 3600, 6.5 * 3600)
    assert [load.rate(60.0 * minute) for minute in (0, 30, 60, 89, 90, 91, 390)] == [0, 3, 6, 6, 1.5, 1.5, 1.5]
    # A triangle, a rectangle, and a lower one after the jump.
    assert load.expected == 60 * 3 + 30 * 6 + 300 * 1.5
    assert load.peak == 6


def test_load_without_a_title_has_the_name_of_its_file(tmp_path: Path) -> None:
    load = curve.find(str(write_load(tmp_path, '[["0:00", 1], ["1:00", 1]]', head="")))

    assert (load.title, load.why) == ("load", "")


@pytest.mark.parametrize(
    ("rows", "head", "message"),
    [
        (
            '[["18:00", 1]]',
            HEAD,
            r"uploads_per_minute is \[\['18:00', 1\]\]; must be a list of at least two rows. Fix: write each as a row",
        ),
        ('"many"', HEAD, "uploads_per_minute is 'many'; must be a list of at least two rows"),
        ('[["18:00", 1], 7]', HEAD, r"row 1 is 7; must be a row such as .*write the time and"),
        ('[["18:00"], ["19:00", 1]]', HEAD, r"row 0 is \['18:00'\]; must be a row"),
        (
            '[["18:60", 1], ["19:00", 1]]',
            HEAD,
            r"row 0 is \['18:60', 1\]; must be a row .*write hours:minutes",
        ),
        ("[[18, 1], [19, 1]]", HEAD, r"row 0 is \[18, 1\]; must be a row .*write hours:minutes"),
        (
            '[["18:00", -1], ["19:00", 1]]',
            HEAD,
            r"row 0 is \['18:00', -1\]; must be 0 to 1000 uploads per minute",
        ),
        (
            '[["18:00", true], ["19:00", 1]]',
            HEAD,
            r"row 0 is \['18:00', True\]; must be 0 to 1000 uploads",
        ),
        (
            '[["18:00", nan], ["19:00", 1]]',
            HEAD,
            r"row 0 is \['18:00', nan\]; must be 0 to 1000 uploads",
        ),
        (
            '[["18:00", 1], ["19:00", 1001]]',
            HEAD,
            r"row 1 is \['19:00', 1001\]; must be 0 to 1000 uploads",
        ),
        (
            '[["22:00", 1], ["2:00", 1]]',
            HEAD,
            r"row 1 is \['2:00', 1\]; must be at 22:00 or later. Fix: sort the rows; hours continue past 24",
        ),
        ('[["1:00", 1], ["1:00", 2]]', HEAD, "duration is '0 hours'; must be 1 minute to 168 hours"),
        ('[["0:00", 1], ["168:01", 2]]', HEAD, "duration is '168.017 hours'; must be 1 minute to 168 hours"),
        ('[["0:00", 1000], ["2:00", 1000]]', HEAD, "total uploads is 120000; must be at most 100000"),
        ('[["0:00", 1], ["1:00", 1]]', "title = 7\n", "title is 7; must be text. Fix: put it in quotes"),
        ('[["0:00", 1], ["1:00", 1]]', "why = []\n", r"why is \[\]; must be text. Fix: put it in quotes"),
        (
            '[["0:00", 1], ["1:00", 1]]',
            "instances = 3\n",
            "instances is 3; must be one of title, uploads_per_minute, why. Fix: remove it",
        ),
    ],
)
def test_invalid_load_raises_user_error_with_the_fix(tmp_path: Path, rows: str, head: str, message: str) -> None:
    file = write_load(tmp_path, rows, head)
    message = re.sub(r"^row (\d)", r"uploads_per_minute\\[\1\\]", message)
    with pytest.raises(UserError, match=f"^{file}: {message}"):
        curve.read(file)


@pytest.mark.parametrize("content", [b"uploads_per_minute = [", b"title = '\xff'"])
def test_invalid_toml_raises_user_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "load.toml"
    file.write_bytes(content)
    with pytest.raises(UserError, match=f"^{file} is not TOML: .+ Fix: correct the line"):
        curve.read(file)


def test_unknown_load_names_the_presets() -> None:
    with pytest.raises(UserError, match="^LOAD is 'calm-nite'; must be one of calm-day, city-derby, national-final, "):
        curve.find("calm-nite")


@pytest.mark.parametrize("name", curve.preset_names())
def test_preset_documents_its_source(name: str) -> None:
    load = curve.find(name)

    assert len(load.why.split()) > 20
    assert load.title.lower().replace(" ", "-") == name


def test_presets_are_sorted_by_peak() -> None:
    assert curve.preset_names() == ["calm-day", "city-derby", "national-final"]


def test_arrivals_follow_the_curve() -> None:
    points = ((0.0, 0.0), (36_000.0, 60.0), (36_000.0, 10.0), (72_000.0, 10.0), (72_000.0, 0.0), (108_000.0, 0.0))
    load = LoadCurve(title="any", why="", starts=0, points=points)
    jobs = draw(load, [1.0, 2.0], seed=5)
    hours = Counter(int(job.arrives // 3600) for job in jobs)

    assert [job.arrives for job in jobs] == sorted(job.arrives for job in jobs)
    # A Poisson count is within four standard deviations, the square roots of its mean.
    for hour in range(30):
        mean = 60 * (load.rate(3600 * hour + 1800))
        assert abs(hours[hour] - mean) <= 4 * mean**0.5
    # Both durations are equally likely.
    lengths = Counter(job.seconds for job in jobs)
    assert abs(lengths[1.0] - lengths[2.0]) < 4 * len(jobs) ** 0.5


def test_gaps_between_arrivals_are_exponential() -> None:
    load = LoadCurve(title="any", why="", starts=0, points=((0.0, 6.0), (360_000.0, 6.0)))
    moments = [job.arrives for job in draw(load, [1.0], seed=9)]
    gaps = [after - before for before, after in zip(moments, moments[1:], strict=False)]

    # The mean is 10 s; a share of exp(-n) of exponential gaps is longer than n means.
    for factor, share in ((1, 0.3679), (2, 0.1353), (3, 0.0498)):
        longer = sum(gap > 10 * factor for gap in gaps) / len(gaps)
        assert abs(longer - share) < 4 * (share * (1 - share) / len(gaps)) ** 0.5


def test_zero_load_draws_no_jobs() -> None:
    assert draw(LoadCurve(title="any", why="", starts=0, points=((0.0, 0.0), (60.0, 0.0))), [1.0], seed=1) == []


@pytest.mark.parametrize("rate", [5e-324, 1e-322, 1e-300])
def test_rate_too_low_to_divide_draws_nothing(rate: float) -> None:
    """The smallest floats divided by 60 are zero."""
    load = LoadCurve(title="any", why="", starts=0, points=((0.0, 0.0), (1800.0, rate)))

    assert draw(load, [1.0], seed=1) == []
