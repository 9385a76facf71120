"""UserData: the environment can be parsed back, the units are hardened, the script fits."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.compute.user_data import USER_DATA_LIMIT, ReleasePart, read_environment
from tests.unit.constructs_lib.scripts import decoded, user_data


def script(environment: dict[str, str]) -> str:
    return decoded(user_data(environment=environment).render())


def unit(name: str, **changes: Any) -> dict[str, list[str]]:
    """The directives of a unit and of its hardening drop-in."""
    text = decoded(user_data(**changes).render())
    unit_file = re.search(rf"system/{name}\.service <<'UNIT'\n(.*?)^UNIT$", text, re.DOTALL | re.MULTILINE)
    hardening = re.search(r"hardened\.conf >/dev/null <<'CONF'\n(.*?)^CONF$", text, re.DOTALL | re.MULTILINE)
    assert unit_file and hardening
    directives: dict[str, list[str]] = {}
    for line in (unit_file[1] + hardening[1]).splitlines():
        key, separator, value = line.partition("=")
        if separator:
            directives.setdefault(key, []).append(value)
    return directives


values = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\x7f"), max_size=40)


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,10}", fullmatch=True), values))
def test_environment_round_trips(environment: dict[str, str]) -> None:
    assert read_environment(script(environment)) == environment


@pytest.mark.parametrize("value", ['say "hi"', "back\\slash", "$HOME", "${HOME}", "%{if}", "`id`", "a b", "#no", "'"])
def test_special_characters_round_trip(value: str) -> None:
    assert read_environment(script({"VALUE": value})) == {"VALUE": value}


def test_terraform_references_are_not_escaped() -> None:
    text = user_data(environment={"ADDRESS": "http://${TfToken[TOKEN.7]}:80/${x}"}).render()

    assert 'ADDRESS="http://${TfToken[TOKEN.7]}:80/\\$${x}"' in text


def test_bash_writes_the_environment_file_unchanged() -> None:
    text = script({"A": '$HOME `id` \\ "'})
    block = text[text.index("cat >/etc/web/environment") : text.index("chmod 600 /etc/web")]
    run = subprocess.run(
        ["bash"], input=block.replace(">/etc/web/environment", ""), text=True, capture_output=True, check=True
    )

    assert run.stdout == 'A="\\$HOME \\`id\\` \\\\ \\""\n'


def test_value_that_looks_like_a_placeholder_is_kept() -> None:
    assert read_environment(script({"A": "@NAME@"})) == {"A": "@NAME@"}


def test_program_must_notify_systemd_within_the_startup_timeout() -> None:
    service = unit("web", startup_timeout=timedelta(minutes=3), pre_start_command="/bin/true")

    assert (service["Type"], service["TimeoutStartSec"]) == (["notify"], ["180"])
    assert (service["ExecStartPre"], service["ExecStart"]) == (["/bin/true"], ["/usr/bin/python3 -m shop"])
    assert service["Environment"][0].startswith("PYTHONPATH=/opt/web/current:/opt/web/current/packages ")


def test_boot_gives_up_a_minute_before_the_group() -> None:
    text = decoded(user_data(launch_timeout=timedelta(minutes=10)).render())

    assert '[ "$SECONDS" -ge 540 ]' in text
    assert unit("web")["StartLimitIntervalSec"] == ["540"]
    assert '[ "$SECONDS" -ge 30 ]' in decoded(user_data(launch_timeout=timedelta(minutes=1)).render())


@pytest.mark.parametrize("name", ["web", "web-watch", "web-failed"])
def test_units_are_hardened(name: str) -> None:
    service = unit(name)

    assert service["CapabilityBoundingSet"] == [""]
    assert service["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert service["RestrictAddressFamilies"] == ["AF_INET AF_INET6 AF_UNIX"]
    assert (service["LimitCORE"], service["ProtectSystem"]) == (["0"], ["strict"])
    for directive in ("NoNewPrivileges", "PrivateDevices", "PrivateTmp", "RestrictNamespaces", "RestrictSUIDSGID"):
        assert service[directive] == ["yes"]
    assert "MemoryMax" in service


def test_program_has_its_own_user_and_sees_no_other_process() -> None:
    service = unit("web")

    assert (service["DynamicUser"], service["PrivateUsers"]) == (["yes"], ["yes"])
    assert (service["ProtectProc"], service["ProcSubset"]) == (["invisible"], ["pid"])
    assert {"MemoryHigh", "MemoryMax", "TasksMax", "LimitNOFILE"} <= set(service)


def test_isolates_children_allows_user_and_network_namespaces() -> None:
    assert unit("web", isolates_children=True)["RestrictNamespaces"] == ["user net"]


def test_parts_are_fetched_in_parallel_by_version() -> None:
    parts = [ReleasePart("releases/web/a.tar.gz", "v1", "aa"), ReleasePart("releases/web/b.tar.gz", "v2", "bb")]
    text = decoded(user_data(parts=parts).render())

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
def test_invalid_arguments_are_rejected(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        script(environment)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#!/bin/bash\n", "holds no environment; expected a block that ends with ENVIRONMENT"),
        ("cat <<'ENVIRONMENT'\nA=1\nENVIRONMENT\n", "cannot read 'A=1' of the environment"),
    ],
)
def test_invalid_user_data_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_environment(text)
