"""The Sparkplug B payload: protobuf bytes, or the JSON that bridges make of them, as plain values.

The message type is described here, field by field as the specification numbers them, and needs no generated
code. Texts are read as bytes, so that one broken name does not cost its payload.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from safety_service.domain.decoding.readings import number, read_object, truth
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.types import Rejected

MOST_METRICS = 1024
DEEPEST = 4
_TYPE_NAMES = (
    "unknown int8 int16 int32 int64 uint8 uint16 uint32 uint64 float double boolean string datetime text "
    "uuid dataset bytes file template"
)
DATATYPES: dict[str, int] = {name: place for place, name in enumerate(_TYPE_NAMES.split())}
SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}

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
    "Payload": "timestamp:uint64=1 metrics:*Metric=2 seq:uint64=3",
    "Metric": "name:bytes=1 alias:uint64=2 timestamp:uint64=3 datatype:uint32=4 is_historical:bool=5 "
    "is_null:bool=7 properties:PropertySet=9 int_value:uint32=10 long_value:uint64=11 float_value:float=12 "
    "double_value:double=13 boolean_value:bool=14 string_value:bytes=15 template_value:Template=18",
    "Template": "metrics:*Metric=2",
    "PropertySet": "keys:*bytes=1 values:*PropertyValue=2",
    "PropertyValue": "type:uint32=1 is_null:bool=2 int_value:uint32=3 long_value:uint64=4 "
    "string_value:bytes=8",
}


class Metric(NamedTuple):
    """One value; None where nothing is known of it. `properties` may hold `quality` and `engunit`."""

    name: str | None
    alias: int | None
    timestamp: int | None
    datatype: int
    value: Any
    is_historical: bool = False
    properties: Mapping[str, Any] = {}


class Payload(NamedTuple):
    timestamp: int | None
    seq: int | None
    metrics: list[Metric]


def read_payload(payload: bytes) -> Payload | Rejected:
    """The payload, or why it cannot be read: `not_protobuf`, or whatever is wrong with its JSON."""
    if payload.lstrip().startswith(b"{"):
        content = read_object(payload)
        return content if isinstance(content, Rejected) else _from_json(content)
    try:
        message: Any = _Payload.FromString(payload)
    except DecodeError:
        return refused("not_protobuf", "payload", "The payload is no Sparkplug B message.")
    metrics: list[Metric] = []
    _flatten(message.metrics, "", metrics, 0)
    return Payload(
        message.timestamp if message.HasField("timestamp") else None,
        message.seq if message.HasField("seq") else None,
        metrics,
    )


def typed(value: Any, datatype: int) -> Any:
    """A whole number as its type means it: negative ones come as two's complement.

    Without a type only what can be nothing else is taken for negative: the upper half of 32 or 64 bits.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    bits = SIGNED_BITS.get(datatype)
    if bits is None:
        if datatype != 0 or value < 0:
            return value
        bits = 32 if value < 1 << 32 else 64
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >= 1 << (bits - 1) else value


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


def _from_json(content: dict[str, Any]) -> Payload | Rejected:
    metrics = content.get("metrics", [])
    if not isinstance(metrics, list):
        return refused("bad_value", "metrics", "The field metrics is a list.")
    found = []
    for place, metric in enumerate(metrics[: MOST_METRICS + 1]):
        if not isinstance(metric, dict):
            return refused("bad_value", f"metrics[{place}]", "A metric is an object.")
        found.append(_metric_from_json(metric))
    return Payload(_whole(content.get("timestamp")), _whole(content.get("seq")), found)


def _metric_from_json(metric: dict[str, Any]) -> Metric:
    name, told = metric.get("name"), metric.get("dataType", metric.get("datatype", metric.get("type")))
    datatype = DATATYPES.get(told.lower(), 0) if isinstance(told, str) else _whole(told) or 0
    value = metric.get("value")
    is_null = metric.get("isNull", metric.get("is_null"))
    properties = metric.get("properties")
    if datatype == DATATYPES["boolean"]:
        value = truth(value)
    elif 0 < datatype <= DATATYPES["double"] and isinstance(value, str):
        value = number(value)
    return Metric(
        name if isinstance(name, str) else None,
        _whole(metric.get("alias")),
        _whole(metric.get("timestamp")),
        datatype,
        None if is_null is True else value,
        metric.get("isHistorical", metric.get("is_historical")) is True,
        {
            key.lower(): told["value"] if isinstance(told, dict) and "value" in told else told
            for key, told in properties.items()
        }
        if isinstance(properties, dict)
        else {},
    )


def _whole(raw: Any) -> int | None:
    value = number(raw)
    return int(value) if value is not None and 0 <= value < 1 << 63 and value.is_integer() else None


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
