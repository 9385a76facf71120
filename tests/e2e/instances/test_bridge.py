"""The network stays as machines know it, whoever comes and goes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from emulator.network import BRIDGE, NetworkNamespace


def ip(network: NetworkNamespace, *arguments: str) -> str:
    return subprocess.run(
        ["ip", "-n", network.name, "-json", *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_the_address_of_the_bridge_is_the_same_whoever_is_plugged_in(debian: Path) -> None:
    """A machine that remembers another address reaches nothing until it asks again, a minute later."""
    with NetworkNamespace("anb-plugged") as network:

        def card() -> str:
            (link,) = json.loads(ip(network, "link", "show", BRIDGE))
            return str(link["address"])

        before = card()
        ip(network, "link", "add", "first", "address", "00:00:00:00:00:01", "type", "veth", "peer", "name", "other")
        ip(network, "link", "set", "first", "master", BRIDGE)
        assert card() == before
        ip(network, "link", "del", "first")
        assert card() == before
