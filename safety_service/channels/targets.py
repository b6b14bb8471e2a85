"""Which addresses a message may be sent to: public ones, unless the operator allows private ones."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Resolve = Callable[[str, int], list[str]]

_NAT64 = IPv6Network("64:ff9b::/96")


class TargetRefusedError(Exception):
    """The host is, or resolves to, an address that must not be reached from here."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host as the system knows it, in its order of preference; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether it is on the open internet; an IPv4 address inside an IPv6 one counts as itself."""
    parsed = ip_address(address)
    inner = _embedded(parsed) if isinstance(parsed, IPv6Address) else None
    if inner is not None:
        parsed = inner
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def refuse_private(host: str, addresses: list[str]) -> None:
    """Raises TargetRefusedError if any of them is not public: one bad address condemns the name."""
    private = next((address for address in addresses if not is_public(address)), None)
    if private is not None:
        found = private if host == private else f"{host} is at {private}, which"
        raise TargetRefusedError(
            f"{found} is not a public address; "
            "set CAMPUS_WEBHOOK_PRIVATE_TARGETS=true to allow private networks"
        )


def refuse_private_host(host: str) -> None:
    """For a host as it is written: judges addresses and `localhost`; names are judged when connecting."""
    bare = host.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        refuse_private(host, ["127.0.0.1"])
    try:
        ip_address(bare)
    except ValueError:
        return
    refuse_private(host, [bare])


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
