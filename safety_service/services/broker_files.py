"""The files of a Mosquitto that serves the county: configuration, certificates, credentials, access rules."""

import csv
import io
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from safety_service.domain.broker_access import (
    OPERATOR,
    SERVICE,
    Credential,
    client_of,
    document,
)
from safety_service.domain.errors import Refused
from safety_service.services import certificates

CREDENTIALS = "credentials.csv"
ACCESS = "dynamic-security.json"
_HEAD = ("name", "password", "role")
_TEMPLATE = Path(__file__).resolve().parent.parent / "data" / "mosquitto.conf"
PRIVATE, PUBLIC = 0o600, 0o644
EVERYWHERE = ("0.0.0.0", "::")
NOTHING_GIVEN: Mapping[str, str] = {}
_DIRECT = """
# Devices without a gateway: many connections of one school. Their client ids are their own, so a device that
# borrows the id of another pushes it off the broker; what it may publish and read stays its school's.
"""


class Layout(msgspec.Struct, frozen=True):
    """Where the broker listens, and where its files are: `seen_as` is their directory as the broker sees it.

    `inside`: without TLS, for a service on the same machine or in the same private network; None: nowhere.
    `direct`: a port for devices that connect without a gateway, several with the credential of one school.
    """

    hosts: tuple[str, ...]
    plugin: str
    seen_as: str
    port: int = 8883
    direct: int | None = None
    inside: tuple[str, int] | None = None


class Written(msgspec.Struct, frozen=True):
    """`credentials`: all there are; `fresh`: the names among them that are new, or have another password."""

    credentials: dict[str, Credential]
    fresh: tuple[str, ...]

    @property
    def new(self) -> list[Credential]:
        return [self.credentials[name] for name in self.fresh]


def write(
    out: Path,
    schools: Iterable[str],
    layout: Layout,
    now: datetime,
    *,
    given: Mapping[str, str] = NOTHING_GIVEN,
    running: bool = False,
    tick: Callable[[int], None] = lambda _count: None,
) -> Written:
    """Makes the directory what it must be. What is there already stays: passwords, certificates, own rules.

    `given`: passwords that are set elsewhere, by name. While the broker is `running`, who may do what is its
    own to write. `tick` is told of every credential that was gone through. Raises Refused where a file there
    cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "data").mkdir(exist_ok=True)
    before = read_credentials(out)
    made = {name: new_password() for name in (SERVICE, OPERATOR, *sorted(schools)) if name not in before}
    credentials = before | {name: Credential(name, password) for name, password in {**made, **given}.items()}
    fresh = tuple(name for name, one in credentials.items() if before.get(name) != one)
    write_credentials(out, credentials.values())
    certificates.ensure(out / "certificates", layout.hosts, now)
    if not running:
        _write_access(out, credentials, fresh, tick)
    _put(out / "mosquitto.conf", _configuration(layout).encode(), PUBLIC)
    _put(out / "service.env", _service_settings(credentials[SERVICE], layout, out).encode(), PRIVATE)
    return Written(credentials, fresh)


def _write_access(
    out: Path, credentials: Mapping[str, Credential], fresh: Collection[str], tick: Callable[[int], None]
) -> None:
    access = _read_access(out)
    held = {client["username"] for client in (access or {}).get("clients", ())}
    clients = []
    for name, credential in credentials.items():
        if name in fresh or name not in held:
            clients.append(client_of(credential, secrets.token_bytes(12)))
        tick(1)
    content = msgspec.json.encode(document(access, clients, list(credentials)))
    _put(out / ACCESS, msgspec.json.format(content, indent=1), PRIVATE)


def new_password() -> str:
    """Letters, digits, hyphen, underscore: it can stand in an address."""
    return secrets.token_urlsafe(24)


def read_credentials(out: Path) -> dict[str, Credential]:
    """By name; empty where there is no file yet."""
    path = out / CREDENTIALS
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, 2):
        if not row.get("name") or not row.get("password"):
            raise Refused("a name and its password are needed", place=f"{path}, line {number}")
    return {row["name"]: Credential(row["name"], row["password"]) for row in rows}


def write_credentials(out: Path, credentials: Iterable[Credential]) -> None:
    """Replaces the file whole."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEAD)
    writer.writerows((one.name, one.password, one.role) for one in credentials)
    _put(out / CREDENTIALS, text.getvalue().encode(), PRIVATE)


def hand_over(out: Path, owner: tuple[int, int]) -> None:
    """Gives everything to the account that the broker runs under; only for root."""
    for path in (out, *out.rglob("*")):
        os.chown(path, *owner)


def _read_access(out: Path) -> dict[str, Any] | None:
    path = out / ACCESS
    if not path.exists():
        return None
    try:
        found: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Refused(f"is not what the broker writes: {error}", place=str(path)) from error
    return found


def _configuration(layout: Layout) -> str:
    more = ""
    if layout.direct is not None:
        more += _DIRECT + f"listener {layout.direct}\n" + _tls(layout)
    if layout.inside is not None:
        host, port = layout.inside
        more += f"\n# The service. Not to be reachable from outside.\nlistener {port} {host}\n"
    text = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return text.substitute(
        home=layout.seen_as, plugin=layout.plugin, port=layout.port, tls=_tls(layout), more=more
    )


def _tls(layout: Layout) -> str:
    where = f"{layout.seen_as}/certificates"
    files = f"cafile {where}/ca.crt\ncertfile {where}/server.crt\nkeyfile {where}/server.key\n"
    return f"{files}tls_version tlsv1.2\n"


def _service_settings(service: Credential, layout: Layout, out: Path) -> str:
    """What the service's environment needs, ready to be read by a shell or systemd."""
    user = f"{service.name}:{service.password}"
    if layout.inside is None:
        authority = (out / "certificates" / "ca.crt").resolve()
        where = f"mqtts://{user}@{layout.hosts[0]}:{layout.port}"
        return f"CAMPUS_BROKER_URL={where}\nCAMPUS_BROKER_CA_FILE={authority}\n"
    host, port = layout.inside
    return f"CAMPUS_BROKER_URL=mqtt://{user}@{layout.hosts[0] if host in EVERYWHERE else host}:{port}\n"


def _put(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by more accounts than it may be."""
    fresh = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    fresh.chmod(mode)
    fresh.replace(path)
