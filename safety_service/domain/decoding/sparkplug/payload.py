"""The Sparkplug B payload: protobuf bytes, or the JSON that bridges make of them, as plain values.

The message type is described here, field by field as the specification numbers them, and needs no generated
code. Texts are read as bytes, so that one broken name does not cost its payload.
"""

import zlib
from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from safety_service.domain.decoding.readings import read_object
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.sparkplug.printed import from_json
from safety_service.domain.decoding.sparkplug.values import DEEPEST, MOST_METRICS, Metric, Payload, typed
from safety_service.domain.types import Rejected

COMPRESSED = b"SPBV1.0_COMPRESSED"
"""The uuid of a payload that holds another one, packed."""
LARGEST_UNPACKED = 1 << 20
GZIP_OR_DEFLATE = 47

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS: dict[str, int] = {
    "uint32": _FIELD.TYPE_UINT32,
    "uint64": _FIELD.TYPE_UINT64,
    "bool": _FIELD.TYPE_BOOL,
    "float": _FIELD.TYPE_FLOAT,
    "double": _FIELD.TYPE_DOUBLE,
    "bytes": _FIELD.TYPE_BYTES,
}
_MESSAGES: dict[str, str] = {
    "Payload": "timestamp:uint64=1 metrics:*Metric=2 seq:uint64=3 uuid:bytes=4 body:bytes=5",
    "Metric": "name:bytes=1 alias:uint64=2 timestamp:uint64=3 datatype:uint32=4 is_historical:bool=5 "
    "is_null:bool=7 properties:PropertySet=9 int_value:uint32=10 long_value:uint64=11 float_value:float=12 "
    "double_value:double=13 boolean_value:bool=14 string_value:bytes=15 template_value:Template=18",
    "Template": "metrics:*Metric=2",
    "PropertySet": "keys:*bytes=1 values:*PropertyValue=2",
    "PropertyValue": "type:uint32=1 is_null:bool=2 int_value:uint32=3 long_value:uint64=4 "
    "string_value:bytes=8",
}


def read_payload(payload: bytes) -> Payload | Rejected:
    """The payload, or why it cannot be read: `not_protobuf`, or whatever is wrong with its JSON."""
    if payload.lstrip().startswith(b"{"):
        content = read_object(payload)
        return content if isinstance(content, Rejected) else from_json(content)
    message = _parsed(payload)
    if not isinstance(message, Rejected) and message.uuid == COMPRESSED:
        unpacked = _unpacked(message.body)
        message = unpacked if isinstance(unpacked, Rejected) else _parsed(unpacked)
    if isinstance(message, Rejected):
        return message
    metrics: list[Metric] = []
    _flatten(message.metrics, "", metrics, 0)
    return Payload(
        message.timestamp if message.HasField("timestamp") else None,
        message.seq if message.HasField("seq") else None,
        metrics,
    )


def _parsed(payload: bytes) -> Any:
    try:
        return _Payload.FromString(payload)
    except DecodeError:
        return refused("not_protobuf", "payload", "The payload is no Sparkplug B message.")


def _unpacked(body: bytes) -> bytes | Rejected:
    """The payload inside, by whichever of the two ways it was packed."""
    packed = zlib.decompressobj(GZIP_OR_DEFLATE)
    try:
        content = packed.decompress(body, LARGEST_UNPACKED)
    except zlib.error as error:
        return refused("bad_value", "body", f"The body cannot be unpacked: {error}.")
    if packed.unconsumed_tail:
        return refused("too_large", "body", f"Unpacked the body has more than {LARGEST_UNPACKED} bytes.")
    if not packed.eof:
        return refused("bad_value", "body", "The body ends in the middle.")
    return content


def _flatten(metrics: Iterable[Any], path: str, found: list[Metric], depth: int) -> None:
    """Templates give their members under their own name."""
    for metric in metrics:
        if len(found) > MOST_METRICS:
            return
        name = path + metric.name.decode("utf-8", "replace") if metric.HasField("name") else None
        which = metric.WhichOneof("value")
        if which == "template_value":
            if depth < DEEPEST:
                _flatten(metric.template_value.metrics, f"{name}/" if name else path, found, depth + 1)
            continue
        value = None
        if which is not None and not metric.is_null:
            value = getattr(metric, which)
            if which == "string_value":
                value = value.decode("utf-8", "replace")
            elif which == "float_value":
                # No more digits than 32 bits hold: 12.1 is not 12.100000381469727.
                value = float(f"{value:.7g}")
        found.append(
            Metric(
                name,
                metric.alias if metric.HasField("alias") else None,
                metric.timestamp if metric.HasField("timestamp") else None,
                metric.datatype,
                typed(value, metric.datatype) if which in ("int_value", "long_value") else value,
                metric.is_historical,
                _properties(metric.properties) if metric.HasField("properties") else {},
            )
        )


def _properties(told: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in zip(told.keys, told.values, strict=False):
        which = value.WhichOneof("value")
        if which is not None and not value.is_null:
            raw = getattr(value, which)
            found[key.decode("utf-8", "replace").lower()] = (
                raw.decode("utf-8", "replace") if which == "string_value" else raw
            )
    return found


def _described() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="campus_safety/sparkplug_b.proto", package="campus_safety.sparkplug", syntax="proto2"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for text in fields.split():
            _add_field(message, text)
    return file


def _add_field(message: descriptor_pb2.DescriptorProto, text: str) -> None:
    """`name:type=number`; a type with a star comes any number of times, a name ending in _value is one of."""
    name, _, rest = text.partition(":")
    kind, _, tag = rest.partition("=")
    field = message.field.add(name=name, number=int(tag))
    field.label = _FIELD.LABEL_REPEATED if kind.startswith("*") else _FIELD.LABEL_OPTIONAL
    kind = kind.lstrip("*")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]  # type: ignore[assignment]
    else:
        field.type = _FIELD.TYPE_MESSAGE
        field.type_name = f".campus_safety.sparkplug.{kind}"
    if name.endswith("_value"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_described())
_TYPE = _POOL.FindMessageTypeByName("campus_safety.sparkplug.Payload")
_Payload: Any = message_factory.GetMessageClass(_TYPE)
