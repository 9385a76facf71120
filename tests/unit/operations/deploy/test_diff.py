"""What differs between two values is told by place, and of user-data by line."""

from __future__ import annotations

import base64

import pytest

from operations.deploy.diff import differing


def user_data(*lines: str) -> str:
    return base64.b64encode("\n".join(["#!/bin/bash", *lines, "start", ""]).encode()).decode()


def test_of_user_data_the_lines_that_differ_are_told() -> None:
    old = user_data('RELEASE="1"', "fetch code", "wait")
    new = user_data('RELEASE="2"', "fetch code", "fetch packages", "wait")
    assert list(differing("user_data", old, new)) == [
        ("user_data", 'RELEASE="1"', 'RELEASE="2"'),
        ("user_data", "null", "fetch packages"),
    ]


def test_of_many_lines_the_first_are_told_and_the_others_counted() -> None:
    found = list(differing("user_data", user_data(), user_data(*(f"line {number}" for number in range(20)))))
    assert found[0] == ("user_data", "null", "line 0")
    assert found[-1] == ("user_data", "and", "12 lines more")
    assert len(found) == 9


@pytest.mark.parametrize("old", [None, "(known when applied)", "IyEv, and no base64 at all", "other"])
def test_where_one_is_no_script_both_are_shown_as_they_are(old: str | None) -> None:
    ((attribute, was, becomes),) = differing("user_data", old, user_data())
    assert (attribute, was, becomes) == ("user_data", old or "null", user_data())
