"""The network of an address: enough to see votes in bulk, too little to tell a person."""

from __future__ import annotations

import functools
import ipaddress

_IPV4_BITS, _IPV6_BITS = 24, 48


@functools.lru_cache(maxsize=4096)
def network_of(address: str | None) -> str | None:
    """The network that an address belongs to, as ``192.0.2.0/24``; None where there is no address.

    Args:
        address: IPv4, IPv6, or IPv4 written as IPv6.
    """
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv6Address):
        known = known.ipv4_mapped or known
    bits = _IPV4_BITS if known.version == 4 else _IPV6_BITS
    return str(ipaddress.ip_network((known, bits), strict=False))
