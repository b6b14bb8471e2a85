"""Bytes from Chinese devices as text: UTF-8 or GB 18030 (with GBK and GB 2312), whatever they declare."""

import re
from contextlib import suppress

_DECLARED = re.compile(rb"""^[^<]{0,16}<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9_-]{1,20})["']""")
# Chinese takes three bytes in UTF-8. Text of two-byte characters only is GBK that happens to be valid UTF-8.
_TWO_BYTES = re.compile("[\u0080-\u07ff]")


def read_text(payload: bytes) -> str:
    """The text of a payload; what no encoding explains becomes U+FFFD.

    Devices declare GB2312 and send UTF-8, and the other way round, so the bytes go before the declaration.
    """
    if payload.isascii():
        return payload.decode("ascii")
    text = None
    with suppress(UnicodeDecodeError):
        text = payload.decode("utf-8-sig")
    if text is not None and (_TWO_BYTES.search(text) is None or _declares_utf8(payload)):
        return text
    try:
        return payload.decode("gb18030")
    except UnicodeDecodeError:
        return text if text is not None else _nearest(payload)


def _declares_utf8(payload: bytes) -> bool:
    declared = _DECLARED.match(payload)
    return declared is not None and declared[1].lower() in (b"utf-8", b"utf8")


def _nearest(payload: bytes) -> str:
    """A description cut off in the middle of a character must not cost the alarm."""
    as_utf8, as_gb = (payload.decode(name, "replace") for name in ("utf-8", "gb18030"))
    return as_gb if as_gb.count("\ufffd") < as_utf8.count("\ufffd") else as_utf8
