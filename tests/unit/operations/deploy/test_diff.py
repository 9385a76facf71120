"""Differences are listed by path, and for user data by line."""

from __future__ import annotations

import base64

import pytest

from operations.deploy.diff import find_differences


def user_data(*lines: str) -> str:
    return base64.b64encode("\n".join(["#!/bin/bash", *lines, "start", ""]).encode()).decode()


def test_user_data_is_compared_line_by_line() -> None:
    old = user_data('RELEASE="1"', "fetch code", "wait")
    new = user_data('RELEASE="2"', "fetch code", "fetch packages", "wait")
    assert list(find_differences("user_data", old, new)) == [
        ("user_data", 'RELEASE="1"', 'RELEASE="2"'),
        ("user_data", "null", "fetch packages"),
    ]


def test_long_differences_are_cut_and_counted() -> None:
    found = list(find_differences("user_data", user_data(), user_data(*(f"line {number}" for number in range(20)))))
    assert found[0] == ("user_data", "null", "line 0")
    assert found[-1] == ("user_data", "and", "12 more lines")
    assert len(found) == 9


@pytest.mark.parametrize("old", [None, "(known after apply)", "IyEv, and no base64 at all", "other"])
def test_values_are_shown_unparsed_if_one_is_no_script(old: str | None) -> None:
    ((attribute, before, after),) = find_differences("user_data", old, user_data())
    assert (attribute, before, after) == ("user_data", old or "null", user_data())
