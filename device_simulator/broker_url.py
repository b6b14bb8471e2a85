"""`mqtt://[user:password@]host[:port]` read once, and never printed with its password."""

from urllib.parse import unquote, urlsplit

import msgspec

from device_simulator.errors import WrongUsageError

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerUrl(msgspec.Struct, frozen=True):
    """Where the broker is and who we are to it; `tls` for mqtts."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        scheme = "mqtts" if self.tls else "mqtt"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


def parse_broker_url(text: str) -> BrokerUrl:
    """The parts of a broker URL. Raises WrongUsageError with the reason."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise WrongUsageError(f"the broker's address cannot be read: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise WrongUsageError(
            "the broker's address must look like mqtt://host:1883 or mqtts://user:password@host:8883"
        )
    return BrokerUrl(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
