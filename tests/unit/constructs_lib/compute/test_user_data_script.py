"""The user-data: its environment can be read back, its units are closed, it fits."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.compute.user_data import USER_DATA_LIMIT, ReleasePart, read_environment
from tests.unit.constructs_lib.scripts import bootstrap, decoded


def script(environment: dict[str, str]) -> str:
    return decoded(bootstrap(environment=environment).user_data())


def unit(name: str, **changes: Any) -> dict[str, list[str]]:
    """The directives of a unit and of what hardens it."""
    text = decoded(bootstrap(**changes).user_data())
    found = re.search(rf"system/{name}\.service <<'UNIT'\n(.*?)^UNIT$", text, re.DOTALL | re.MULTILINE)
    hardened = re.search(r"hardened\.conf >/dev/null <<'CONF'\n(.*?)^CONF$", text, re.DOTALL | re.MULTILINE)
    assert found and hardened
    directives: dict[str, list[str]] = {}
    for line in (found[1] + hardened[1]).splitlines():
        key, separator, value = line.partition("=")
        if separator:
            directives.setdefault(key, []).append(value)
    return directives


values = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\x7f"), max_size=40)


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,10}", fullmatch=True), values))
def test_the_environment_is_read_back_as_it_was_given(environment: dict[str, str]) -> None:
    assert read_environment(script(environment)) == environment


@pytest.mark.parametrize("value", ['say "hi"', "back\\slash", "$HOME", "${HOME}", "%{if}", "`id`", "a b", "#no", "'"])
def test_signs_that_mean_something_to_a_shell_systemd_or_terraform(value: str) -> None:
    assert read_environment(script({"VALUE": value})) == {"VALUE": value}


def test_references_are_left_to_terraform() -> None:
    text = bootstrap(environment={"ADDRESS": "http://${TfToken[TOKEN.7]}:80/${x}"}).user_data()

    assert 'ADDRESS="http://${TfToken[TOKEN.7]}:80/\\$${x}"' in text


def test_the_environment_file_is_written_as_given() -> None:
    """The block between the markers, run by bash, gives the very lines that were written."""
    text = script({"A": '$HOME `id` \\ "'})
    block = text[text.index("cat >/etc/web/environment") : text.index("chmod 600 /etc/web")]
    run = subprocess.run(
        ["bash"], input=block.replace(">/etc/web/environment", ""), text=True, capture_output=True, check=True
    )

    assert run.stdout == 'A="\\$HOME \\`id\\` \\\\ \\""\n'


def test_a_value_that_looks_like_a_place_of_the_script_stays_as_it_is() -> None:
    assert read_environment(script({"A": "@NAME@"})) == {"A": "@NAME@"}


def test_the_program_is_ready_when_it_says_so_within_the_boot() -> None:
    service = unit("web", startup_timeout=timedelta(minutes=3), pre_start_command="/bin/true")

    assert (service["Type"], service["TimeoutStartSec"]) == (["notify"], ["180"])
    assert (service["ExecStartPre"], service["ExecStart"]) == (["/bin/true"], ["/usr/bin/python3 -m shop"])
    assert service["Environment"][0].startswith("PYTHONPATH=/opt/web/current:/opt/web/current/packages ")


def test_it_gives_up_a_minute_before_the_group_does_and_fails_for_good_sooner() -> None:
    text = decoded(bootstrap(launch_timeout=timedelta(minutes=10)).user_data())

    assert '[ "$SECONDS" -ge 540 ]' in text
    assert unit("web")["StartLimitIntervalSec"] == ["540"]
    assert '[ "$SECONDS" -ge 30 ]' in decoded(bootstrap(launch_timeout=timedelta(minutes=1)).user_data())


@pytest.mark.parametrize("name", ["web", "web-watch", "web-failed"])
def test_a_unit_can_do_nothing_that_it_need_not(name: str) -> None:
    service = unit(name)

    assert service["CapabilityBoundingSet"] == [""]
    assert service["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert service["RestrictAddressFamilies"] == ["AF_INET AF_INET6 AF_UNIX"]
    assert (service["LimitCORE"], service["ProtectSystem"]) == (["0"], ["strict"])
    for directive in ("NoNewPrivileges", "PrivateDevices", "PrivateTmp", "RestrictNamespaces", "RestrictSUIDSGID"):
        assert service[directive] == ["yes"]
    assert "MemoryMax" in service


def test_the_program_has_a_user_of_its_own_and_sees_no_other_process() -> None:
    service = unit("web")

    assert (service["DynamicUser"], service["PrivateUsers"]) == (["yes"], ["yes"])
    assert (service["ProtectProc"], service["ProcSubset"]) == (["invisible"], ["pid"])
    assert {"MemoryHigh", "MemoryMax", "TasksMax", "LimitNOFILE"} <= set(service)


def test_a_program_that_asks_may_cut_its_children_off_the_network() -> None:
    assert unit("web", isolates_children=True)["RestrictNamespaces"] == ["user net"]


def test_parts_are_fetched_side_by_side_each_in_its_version() -> None:
    parts = [ReleasePart("releases/web/a.tar.gz", "v1", "aa"), ReleasePart("releases/web/b.tar.gz", "v2", "bb")]
    text = decoded(bootstrap(parts=parts).user_data())

    assert "fetch 'releases/web/a.tar.gz' 'v1' 'aa' &\n" in text
    assert "fetch 'releases/web/b.tar.gz' 'v2' 'bb' &\n" in text


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"a-b": "1"}, "variable is 'a-b'; must be capitals, digits and underscores. Fix: rename it."),
        ({"A": "1\n2"}, r"variable A is '1\\n2'; must be text without line breaks"),
        ({"A": "x" * USER_DATA_LIMIT}, r"user-data of web is \d+ bytes; must be at most 16384\. Fix: move \d+ bytes"),
    ],
)
def test_what_it_refuses(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        script(environment)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#!/bin/bash\n", "holds no environment; expected a block that ends with ENVIRONMENT"),
        ("cat <<'ENVIRONMENT'\nA=1\nENVIRONMENT\n", "cannot read 'A=1' of the environment"),
    ],
)
def test_what_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_environment(text)
