"""What a box sent, and its pictures: JSON, the fields of a form or an address, or a multipart form."""

import re
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from safety_service.domain.decoding.lenient import read_lenient
from safety_service.domain.decoding.multipart import Part, parts_of
from safety_service.domain.decoding.paths import opened
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.texts import read_text
from safety_service.domain.types import Rejected

MOST_FORM_FIELDS = 100
_FORM = re.compile(r"[\w.%+~-]+=[^\s]*")


class Body(NamedTuple):
    """`root`: what was said, or why it cannot be read."""

    root: Any
    images: list[Part]


def read_body(payload: bytes) -> Body:
    if payload.lstrip(b"\r\n")[:2] == b"--" and (parts := parts_of(payload)):
        documents = [part for part in parts if part.is_document]
        return Body(_of_parts(documents), [part for part in parts if part.is_image])
    document = read_lenient(payload)
    if isinstance(document, Rejected):
        text = read_text(payload).strip()
        if _FORM.fullmatch(text) is not None:
            document = _of_form(text)
    return Body(document, [])


def _of_parts(parts: list[Part]) -> Any:
    """The one document there is, or the fields of the form by their names."""
    if len(parts) == 1 and parts[0].body.lstrip()[:1] in (b"{", b"["):
        return read_lenient(parts[0].body)
    return _joined({part.name or "": read_text(part.body).strip() for part in parts[:MOST_FORM_FIELDS]})


def _of_form(text: str) -> Any:
    """`eid=cam-1&event=1123`."""
    try:
        return _joined(dict(parse_qsl(text, max_num_fields=MOST_FORM_FIELDS)))
    except ValueError:
        return refused("bad_value", "payload", f"A form has at most {MOST_FORM_FIELDS} fields.")


def _joined(fields: dict[str, str]) -> dict[str, Any]:
    """A field often holds the JSON that would not fit into an address: what it says counts as said."""
    said: dict[str, Any] = {name: opened(value) for name, value in fields.items()}
    objects = [value for value in said.values() if isinstance(value, dict)]
    return {**said, **objects[0]} if len(objects) == 1 else said
