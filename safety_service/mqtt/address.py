"""Where the broker is and how to log in, read from one URL."""

from urllib.parse import unquote, urlsplit

import msgspec

from safety_service.domain.errors import Refused


class BrokerAddress(msgspec.Struct, frozen=True):
    host: str
    port: int
    tls: bool
    username: str | None = None
    password: str | None = None


def parse_broker_url(url: str) -> BrokerAddress:
    """Reads `mqtt://[user:password@]host[:port]` or `mqtts://…`; Refused never echoes it."""
    parts = urlsplit(url)
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise Refused("expected mqtt://HOST:PORT or mqtts://HOST:PORT", place="CAMPUS_BROKER_URL")
    tls = parts.scheme == "mqtts"
    return BrokerAddress(
        host=parts.hostname,
        port=parts.port or (8883 if tls else 1883),
        tls=tls,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
