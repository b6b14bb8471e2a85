"""Turns every way a payload can be unreadable into a `Rejected` with a stable reason and an exact place."""

import re
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from safety_service.domain.types import Rejected

Shape = TypeVar("Shape")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SHAPE_ERROR = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>.*?)`)?", re.DOTALL)
MISSING = re.compile(r"Object missing required field `(?P<field>.+)`")
AT_BYTE = re.compile(r"\(byte (\d+)\)")


def refused(reason: str, place: str, detail: str) -> Rejected:
    return Rejected(reason=reason, place=place, detail=detail)


def image_refused(reason: str, place: str, detail: str) -> Rejected:
    """For an event that is kept without its image."""
    return Rejected(reason=reason, place=place, detail=detail, only_image=True)


def read_json(payload: bytes, decoder: msgspec.json.Decoder[Shape], place: str = "") -> Shape | Rejected:
    """The payload in the decoder's shape, or why not: `not_json`, `missing_field`, `bad_value`.

    `place` is put before the place of a wrong field (`[3].`, `after.`).
    """
    try:
        return decoder.decode(payload.removeprefix(BYTE_ORDER_MARK))
    except msgspec.ValidationError as error:
        return wrong_shape(error, place)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return not_json(error, payload)


ANYTHING: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Any)


def read_any(payload: bytes) -> Any:
    """Any JSON value as it is, or a `Rejected`."""
    return read_json(payload, ANYTHING)


def wrong_shape(error: msgspec.ValidationError, place: str = "") -> Rejected:
    """JSON, but not of the shape that was asked for."""
    match = SHAPE_ERROR.fullmatch(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    path = path.replace("[...]", "")
    inside = (
        f"{place}{path.removeprefix('.')}" if path.startswith(".") or not place else f"{place[:-1]}{path}"
    )
    if missing := MISSING.fullmatch(what):
        field = missing["field"]
        inside = f"{inside.rstrip('.')}.{field}" if inside else field
        return refused("missing_field", inside, f"The field {field} is required and missing.")
    return refused("bad_value", inside or "payload", f"{what.replace('`', '')}.")


def not_json(error: Exception, payload: bytes) -> Rejected:
    """Not JSON at all: the place is the byte at which reading stopped."""
    if not payload.strip():
        return refused("not_json", "byte 0", "The payload is empty.")
    try:
        payload.decode()
    except UnicodeDecodeError as wrong:
        return refused("not_json", f"byte {wrong.start}", "The payload is not UTF-8 text.")
    if isinstance(error, RecursionError):
        return refused("not_json", "payload", "The payload is nested too deep to be read.")
    position = AT_BYTE.search(str(error))
    if position is None:
        return refused("not_json", f"byte {len(payload)}", "The payload ends in the middle of a value.")
    # msgspec points behind the first trailing character, and at every other wrong one.
    at = int(position[1]) - ("trailing characters" in str(error))
    return refused("not_json", f"byte {at}", f"{AT_BYTE.sub('', str(error)).strip()}.")


def decoder_failed(error: Exception, format: str) -> Rejected:
    """A fault of ours, kept as a value so that one message costs no other; the place names the line."""
    frame = _last(error.__traceback__)
    where = f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}" if frame else "?:0"
    text = f"{type(error).__name__}: {error}"[:300].replace("\x00", "")
    return refused("decoder_error", f"{format}:{where}", f"The decoder failed with {text}.")


def _last(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace
