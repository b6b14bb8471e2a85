"""`campus-safety decode`: one payload in, one JSON line for each event or refusal out."""

import sys
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer

from safety_service.domain.decoding import decode
from safety_service.domain.decoding.times import parse
from safety_service.domain.errors import Refused
from safety_service.domain.types import Event, Message, Rejected
from safety_service.services import vendors
from safety_service.settings import Settings

WRONG_USAGE = 2
REFUSED = 3
# Known only once a message is in the log and its device in the registry; and source_time, read again.
NOT_SHOWN = ("zone_type", "told_at", "position")


def decode_command(
    topic: Annotated[str, typer.Option(help="MQTT topic the payload came on: campus/v1/SCHOOL/FORMAT/…")],
    file: Annotated[
        str, typer.Argument(metavar="[FILE or -]", help="Payload; - reads standard input.")
    ] = "-",
    received_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it arrived, RFC 3339; default: now.")
    ] = None,
    tz: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE", help="The school's time zone, also of the times printed; default: as set."
        ),
    ] = None,
) -> None:
    """Show what the service reads out of one payload. Exits with 3 when a part of it cannot be read."""
    settings = Settings()
    zone = _zone(tz or settings.timezone)
    _install_vendors(settings)
    received = datetime.now(UTC) if received_at is None else _time(received_at, zone)
    message = Message(topic=topic, payload=_payload(file), received_at=received)
    found = decode(message, zone)
    for item in found:
        typer.echo(msgspec.json.encode(_line(item, zone)).decode())
    if any(isinstance(item, Rejected) for item in found):
        raise typer.Exit(REFUSED)


def register(app: typer.Typer) -> None:
    """Puts the command under the name `decode`."""
    app.command("decode")(decode_command)


def _line(item: Event | Rejected, zone: tzinfo) -> dict[str, Any]:
    if isinstance(item, Rejected):
        return {"rejected": item.reason, "place": item.place, "detail": item.detail}
    fields = {name: value for name, value in msgspec.structs.asdict(item).items() if name not in NOT_SHOWN}
    for name in ("occurred_at", "received_at"):
        fields[name] = fields[name].astimezone(zone)
    return fields


def _payload(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise _wrong(f"cannot read {file}: {error.strerror}") from None


def _install_vendors(settings: Settings) -> None:
    try:
        vendors.install(settings.resolved_vendors_dir)
    except Refused as error:
        raise _wrong("; ".join(f"{place}: {reason}" for place, reason in error.problems)) from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _wrong(f"unknown time zone {name!r}") from None


def _time(text: str, zone: tzinfo) -> datetime:
    try:
        return parse(text, zone)
    except (ValueError, OverflowError) as error:
        raise _wrong(f"--received-at {text!r}: {error}") from None


def _wrong(reason: str) -> typer.Exit:
    typer.echo(f"decode: {reason}", err=True)
    return typer.Exit(WRONG_USAGE)
