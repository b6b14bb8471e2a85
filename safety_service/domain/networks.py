"""Which addresses the service may connect to: the open internet, and the networks that somebody allowed."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether it is on the open internet; an IPv4 address inside an IPv6 one counts as itself."""
    parsed = _inner(ip_address(address))
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Whether it is public or in one of the networks."""
    parsed = _inner(ip_address(address))
    return is_public(address) or any(parsed in network for network in networks)


def literal_addresses(host: str) -> list[str]:
    """The address that a host is written as, `localhost` too; none for a name that has to be asked for."""
    bare = host.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return ["127.0.0.1"]
    try:
        return [str(ip_address(bare))]
    except ValueError:
        return []


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
