"""The bridge keeps its hardware address."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from emulator.network import BRIDGE, NetworkNamespace


def ip(network: NetworkNamespace, *arguments: str) -> str:
    return subprocess.run(
        ["ip", "-n", network.name, "-json", *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_bridge_address_does_not_change_with_its_ports(debian: Path) -> None:
    """With another address, machines lose the network until their ARP cache expires, after a minute."""
    with NetworkNamespace("anb-bridge") as network:

        def bridge_address() -> str:
            (link,) = json.loads(ip(network, "link", "show", BRIDGE))
            return str(link["address"])

        before = bridge_address()
        ip(network, "link", "add", "first", "address", "00:00:00:00:00:01", "type", "veth", "peer", "name", "other")
        ip(network, "link", "set", "first", "master", BRIDGE)
        assert bridge_address() == before
        ip(network, "link", "del", "first")
        assert bridge_address() == before
