"""The network of a client's address: enough to detect bursts of votes, too little to identify a person."""

from __future__ import annotations

import functools
import ipaddress

_IPV4_BITS, _IPV6_BITS = 24, 48


@functools.lru_cache(maxsize=4096)
def network_of(address: str | None) -> str | None:
    """Return the network of an address, such as ``192.0.2.0/24``; None if it is not an address.

    Args:
        address: IPv4, IPv6 or IPv4-mapped IPv6 address.
    """
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    bits = _IPV4_BITS if parsed.version == 4 else _IPV6_BITS
    return str(ipaddress.ip_network((parsed, bits), strict=False))
