"""`campus-safety broker`: a Mosquitto that is set up whole, and credentials that change while it runs."""

import os
import pwd
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from safety_service.commands.database import database, progress_bars
from safety_service.commands.errors import one_line_errors
from safety_service.domain.broker_access import OPERATOR, SERVICE, SIMULATOR, Credential
from safety_service.domain.errors import Refused
from safety_service.mqtt import dynsec
from safety_service.mqtt.address import BrokerAddress, parse_broker_url
from safety_service.services import broker_files
from safety_service.services.broker_files import Layout
from safety_service.settings import Settings
from safety_service.store import devices
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

app = typer.Typer(help="The MQTT broker of the county.", no_args_is_help=True)

PLUGINS = (
    "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so",
    "/usr/lib/aarch64-linux-gnu/mosquitto_dynamic_security.so",
    "/usr/lib/mosquitto_dynamic_security.so",
)
"""Where Debian and the container image keep it."""

Out = Annotated[Path, typer.Option("--out", help="The directory of the broker's files")]
Broker = Annotated[
    str | None,
    typer.Option("--broker", help="mqtt(s)://HOST[:PORT] of the running broker, to tell it at once"),
]


Hosts = Annotated[
    list[str] | None, typer.Option("--host", help="Name or address that devices use; may be repeated")
]
Port = Annotated[int, typer.Option(help="For gateways, with TLS")]
DirectPort = Annotated[int | None, typer.Option(help="For devices that connect without a gateway, with TLS")]
Inside = Annotated[str, typer.Option(help="ADDRESS:PORT without TLS for the service; empty: none")]
Simulator = Annotated[
    bool,
    typer.Option(
        "--simulator-password-stdin",
        help="A credential for the simulator too, where standard input has its password",
    ),
]
Plugin = Annotated[str | None, typer.Option(help="File of the dynamic security plugin")]
SeenAs = Annotated[str | None, typer.Option(help="The directory as the broker sees it")]
Owner = Annotated[str | None, typer.Option(help="Account or UID:GID that the broker runs under")]


@app.command("provision")
@one_line_errors
def provision(
    out: Out,
    host: Hosts = None,
    port: Port = 8883,
    direct_port: DirectPort = None,
    inside: Inside = "127.0.0.1:1884",
    simulator: Simulator = False,
    plugin: Plugin = None,
    seen_as: SeenAs = None,
    owner: Owner = None,
    broker: Broker = None,
) -> None:
    """Write Mosquitto's configuration: TLS, one credential and role for each school, access by topic.

    Run it again when schools were added: what is there stays. The service's password is made too, unless
    CAMPUS_BROKER_URL has one for the user `service`.
    """
    hosts = tuple(host or ["localhost", "127.0.0.1"])
    plugin = plugin or next((path for path in PLUGINS if Path(path).exists()), PLUGINS[0])
    layout = Layout(hosts, plugin, seen_as or str(out.resolve()), port, direct_port, _listener(inside))
    schools, now = _schools(), datetime.now(UTC)
    running = broker is not None and dynsec.is_there(parse_broker_url(broker))
    with progress_bars() as progress:
        bar = progress.add_task("credentials", total=None if running else len(schools) + 2 + simulator)
        written = broker_files.write(
            out,
            schools,
            layout,
            now,
            given=_given(simulator),
            running=running,
            tick=lambda n: progress.advance(bar, n),
        )
    if broker is not None and running:
        dynsec.add(*_operator(broker, out, written.credentials), written.new)
    if (account := _owner(owner)) is not None:
        broker_files.hand_over(out, account)
    typer.echo(f"{len(written.credentials)} credentials, {len(written.fresh)} of them new, in {out}")
    then = "the broker knows them" if running else f"start it: mosquitto -c {layout.seen_as}/mosquitto.conf"
    typer.echo(then)


@app.command("rotate")
@one_line_errors
def rotate(
    name: Annotated[str, typer.Argument(help="Code of a school, or `service`, `simulator`, `operator`")],
    out: Out,
    broker: Annotated[str, typer.Option("--broker", help="mqtt(s)://HOST[:PORT] of the running broker")],
) -> None:
    """Give a credential another password while the broker runs, and print it.

    Whoever is connected with the old one is thrown off.
    """
    credentials = broker_files.read_credentials(out)
    if name not in credentials:
        raise Refused(f"there is no credential {name!r} in {out / broker_files.CREDENTIALS}", place="NAME")
    fresh = Credential(name, broker_files.new_password())
    # Written first: a password that the broker has and nobody knows would lock its school out.
    broker_files.write_credentials(out, (credentials | {name: fresh}).values())
    try:
        dynsec.set_passwords(*_operator(broker, out, credentials), [fresh])
    except Exception:
        broker_files.write_credentials(out, credentials.values())
        raise
    typer.echo(fresh.password)


def _given(simulator: bool) -> dict[str, str]:
    """Passwords that are set elsewhere: the service's in its address, the simulator's on standard input."""
    given = {}
    own = parse_broker_url(Settings().broker_url)
    if own.username == SERVICE and own.password:
        given[SERVICE] = own.password
    if simulator and (password := sys.stdin.readline().strip()):
        given[SIMULATOR] = password
    return given


def _schools() -> list[str]:
    with database(Settings()) as engine, session_scope(engine, EVERY_SCHOOL) as session:
        return sorted(devices.school_codes(session))


def _operator(
    broker: str, out: Path, credentials: dict[str, Credential]
) -> tuple[BrokerAddress, Path | None]:
    """Where the broker is, with the credential that administers it, and the authority of its certificate."""
    address = parse_broker_url(broker)
    if OPERATOR not in credentials:
        raise Refused(
            f"there is no credential {OPERATOR!r} in {out / broker_files.CREDENTIALS}", place="--out"
        )
    own = credentials[OPERATOR]
    named = BrokerAddress(address.host, address.port, address.tls, own.name, own.password)
    return named, out / "certificates" / "ca.crt"


def _listener(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise Refused(f"{text!r} is no ADDRESS:PORT, such as 127.0.0.1:1884", place="--inside")
    return host, int(port)


def _owner(text: str | None) -> tuple[int, int] | None:
    """(uid, gid); as root without the option, Mosquitto's own account where there is one."""
    if text is None:
        if os.geteuid() != 0 or shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None:
            return None
        text = "mosquitto"
    user, _, group = text.partition(":")
    if user.isdigit():
        return int(user), int(group or user)
    try:
        found = pwd.getpwnam(user)
    except KeyError as error:
        raise Refused(f"there is no account {user!r} on this machine", place="--owner") from error
    return found.pw_uid, found.pw_gid
