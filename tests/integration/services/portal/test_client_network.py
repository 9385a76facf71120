"""The network prefix that is stored instead of a voter's address."""

from __future__ import annotations

import pytest

from services.portal.http.client_network import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:aaaa:bbbb::1", "2001:db8:aaaa::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("unix:", None),
        ("", None),
        (None, None),
    ],
)
def test_address_is_reduced_to_its_network(address: str | None, network: str | None) -> None:
    assert network_of(address) == network
