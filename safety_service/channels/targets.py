"""Which addresses a message may be sent to: public ones, unless the operator allows private ones."""

import socket
from collections.abc import Callable, Sequence

from safety_service.domain.networks import Network, is_allowed, literal_addresses
from safety_service.domain.networks import is_public as is_public

Resolve = Callable[[str, int], list[str]]

ALLOW_ALL = "set CAMPUS_WEBHOOK_PRIVATE_TARGETS=true to allow private networks"
ALLOW_SOME = "name its network in CAMPUS_SNAPSHOT_NETWORKS to allow it"


class TargetRefusedError(Exception):
    """The host is, or resolves to, an address that must not be reached from here."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host as the system knows it, in its order of preference; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def refuse_private(host: str, addresses: list[str], networks: Sequence[Network] | None = None) -> None:
    """Raises TargetRefusedError if any is neither public nor in the networks: one condemns the name."""
    private = next((address for address in addresses if not is_allowed(address, networks or ())), None)
    if private is not None:
        found = private if host == private else f"{host} is at {private}, which"
        way_out = ALLOW_ALL if networks is None else ALLOW_SOME
        raise TargetRefusedError(f"{found} is not a public address; {way_out}")


def refuse_private_host(host: str) -> None:
    """For a host as it is written: judges addresses and `localhost`; names are judged when connecting."""
    refuse_private(host, literal_addresses(host))
