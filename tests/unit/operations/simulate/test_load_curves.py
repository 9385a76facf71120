"""Loads: how they are written, what is said of a wrong one, and what is drawn from them."""

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


def written(folder: Path, rows: str, head: str = HEAD) -> Path:
    file = folder / "load.toml"
    file.write_text(f"{head}uploads_per_minute = {rows}\n")
    return file


def test_a_load_goes_straight_from_point_to_point(tmp_path: Path) -> None:
    load = curve.read(written(tmp_path, '[["18:30", 0], ["19:30", 6], ["20:00", 6], ["20:00", 1.5], ["25:00", 1.5]]'))

    assert (load.title, load.why, load.starts, load.seconds) == ("Derby", "two teams", 18.5 * 3600, 6.5 * 3600)
    assert [load.rate(60.0 * minute) for minute in (0, 30, 60, 89, 90, 91, 390)] == [0, 3, 6, 6, 1.5, 1.5, 1.5]
    # A triangle, a rectangle, and a lower one after the jump.
    assert load.expected == 60 * 3 + 30 * 6 + 300 * 1.5
    assert load.highest == 6


def test_a_load_without_words_is_called_by_its_file(tmp_path: Path) -> None:
    load = curve.find(str(written(tmp_path, '[["0:00", 1], ["1:00", 1]]', head="")))

    assert (load.title, load.why) == ("load", "")


@pytest.mark.parametrize(
    ("rows", "head", "said"),
    [
        (
            '[["18:00", 1]]',
            HEAD,
            r"uploads_per_minute is \[\['18:00', 1\]\]; allowed are rows such as .*, two at least",
        ),
        ('"many"', HEAD, "uploads_per_minute is 'many'; allowed are rows such as .*the last row says when it ends"),
        ('[["18:00", 1], 7]', HEAD, r"row 1 is 7; allowed are rows such as .*write the time and"),
        ('[["18:00"], ["19:00", 1]]', HEAD, r"row 0 is \['18:00'\]; allowed are rows"),
        (
            '[["18:60", 1], ["19:00", 1]]',
            HEAD,
            r"row 0 is \['18:60', 1\]; allowed are rows .*write hours:minutes",
        ),
        ("[[18, 1], [19, 1]]", HEAD, r"row 0 is \[18, 1\]; allowed are rows .*write hours:minutes"),
        (
            '[["18:00", -1], ["19:00", 1]]',
            HEAD,
            r"row 0 is \['18:00', -1\]; allowed are 0 to 1000 uploads a minute",
        ),
        (
            '[["18:00", true], ["19:00", 1]]',
            HEAD,
            r"row 0 is \['18:00', True\]; allowed are 0 to 1000 uploads",
        ),
        (
            '[["18:00", nan], ["19:00", 1]]',
            HEAD,
            r"row 0 is \['18:00', nan\]; allowed are 0 to 1000 uploads",
        ),
        (
            '[["18:00", 1], ["19:00", 1001]]',
            HEAD,
            r"row 1 is \['19:00', 1001\]; allowed are 0 to 1000 uploads",
        ),
        (
            '[["22:00", 1], ["2:00", 1]]',
            HEAD,
            r"row 1 is \['2:00', 1\]; allowed are times from 22:00. To mend it: put the rows in order; the hours go on",
        ),
        ('[["1:00", 1], ["1:00", 2]]', HEAD, "its length is '0 hours'; allowed are a minute to 168 hours"),
        ('[["0:00", 1], ["168:01", 2]]', HEAD, "its length is '168.017 hours'; allowed are a minute to 168 hours"),
        ('[["0:00", 1000], ["2:00", 1000]]', HEAD, "its uploads is 120000; allowed are 100000 in all"),
        ('[["0:00", 1], ["1:00", 1]]', "title = 7\n", "title is 7; allowed is text. To mend it: put it in quotes"),
        ('[["0:00", 1], ["1:00", 1]]', "why = []\n", r"why is \[\]; allowed is text. To mend it: put it in quotes"),
        (
            '[["0:00", 1], ["1:00", 1]]',
            "instances = 3\n",
            "instances is 3; allowed are title, uploads_per_minute, why. To mend it: remove it",
        ),
    ],
)
def test_a_wrong_load_is_told_with_its_mending(tmp_path: Path, rows: str, head: str, said: str) -> None:
    file = written(tmp_path, rows, head)
    said = re.sub(r"^row (\d)", r"uploads_per_minute\\[\1\\]", said)
    with pytest.raises(UserError, match=f"^{file}: {said}"):
        curve.read(file)


@pytest.mark.parametrize("content", [b"uploads_per_minute = [", b"title = '\xff'"])
def test_what_is_not_toml_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "load.toml"
    file.write_bytes(content)
    with pytest.raises(UserError, match=f"^{file} is not TOML: .+ Mend the line"):
        curve.read(file)


def test_a_load_that_is_nowhere_is_told_with_the_presets() -> None:
    with pytest.raises(UserError, match="^The load is 'calm-nite'; allowed are calm-day, city-derby, national-final, "):
        curve.find("calm-nite")


@pytest.mark.parametrize("name", curve.preset_names())
def test_a_preset_says_where_its_numbers_come_from(name: str) -> None:
    load = curve.find(name)

    assert len(load.why.split()) > 20
    assert load.title.lower().replace(" ", "-") == name


def test_the_presets_come_in_the_order_of_their_peaks() -> None:
    assert curve.preset_names() == ["calm-day", "city-derby", "national-final"]


def test_arrivals_follow_the_curve() -> None:
    points = ((0.0, 0.0), (36_000.0, 60.0), (36_000.0, 10.0), (72_000.0, 10.0), (72_000.0, 0.0), (108_000.0, 0.0))
    load = LoadCurve(title="any", why="", starts=0, points=points)
    jobs = draw(load, [1.0, 2.0], seed=5)
    hours = Counter(int(job.arrives // 3600) for job in jobs)

    assert [job.arrives for job in jobs] == sorted(job.arrives for job in jobs)
    # A Poisson count lies within four of its standard deviations, which is the root of its mean.
    for hour in range(30):
        mean = 60 * (load.rate(3600 * hour + 1800))
        assert abs(hours[hour] - mean) <= 4 * mean**0.5
    # As often one length as the other.
    lengths = Counter(job.seconds for job in jobs)
    assert abs(lengths[1.0] - lengths[2.0]) < 4 * len(jobs) ** 0.5


def test_the_gaps_between_arrivals_are_exponential() -> None:
    load = LoadCurve(title="any", why="", starts=0, points=((0.0, 6.0), (360_000.0, 6.0)))
    moments = [job.arrives for job in draw(load, [1.0], seed=9)]
    gaps = [after - before for before, after in zip(moments, moments[1:], strict=False)]

    # The mean is 10 s; of an exponential, a share of 1 / e is longer than the mean, and as much of those twice as long.
    for factor, share in ((1, 0.3679), (2, 0.1353), (3, 0.0498)):
        longer = sum(gap > 10 * factor for gap in gaps) / len(gaps)
        assert abs(longer - share) < 4 * (share * (1 - share) / len(gaps)) ** 0.5


def test_nothing_is_drawn_from_nothing() -> None:
    assert draw(LoadCurve(title="any", why="", starts=0, points=((0.0, 0.0), (60.0, 0.0))), [1.0], seed=1) == []


@pytest.mark.parametrize("rate", [5e-324, 1e-322, 1e-300])
def test_rate_too_low_to_divide_draws_nothing(rate: float) -> None:
    """A sixtieth of the smallest floats is zero."""
    load = LoadCurve(title="any", why="", starts=0, points=((0.0, 0.0), (1800.0, rate)))

    assert draw(load, [1.0], seed=1) == []
