"""The MQTT interface as an AsyncAPI 3.0 document, from the types of the wire and a table of topics.

The specification: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

import base64
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from safety_service.domain.decoding.topic import PREFIX
from safety_service.domain.wire import EVENTS, GatewayStatus, Receipt

VERSION = "3.0.0"
JSON, TEXT, BINARY = "application/json", "text/plain", "application/octet-stream"
CLOUDEVENTS = "application/cloudevents+json"
_SCHEMA = "#/components/schemas/{name}"
NAMED = re.compile(r"{(\w+)}")

Document = dict[str, Any]


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of an address that differs, and what it may be."""

    description: str
    example: str


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the table: what devices of a format send, and where below the school.

    `examples` are payloads: JSON, text, or for binary ones base64.
    """

    format: str
    name: str
    title: str
    address: str
    examples: list[Any]
    parameters: dict[str, Parameter] = msgspec.field(default_factory=dict)
    content: str = JSON


def payload_of(content: str, example: Any) -> bytes:
    """An example as it goes over the wire."""
    if content == BINARY:
        return base64.b64decode(example)
    return example.encode() if isinstance(example, str) else msgspec.json.encode(example)


def document(version: str, topics: Sequence[Topic]) -> Document:
    """The whole document, of JSON values."""
    channels, messages, operations = _own_channels(), _own_messages(), _own_operations()
    for topic in topics:
        channels[topic.name] = _channel(
            topic.title,
            topic.address,
            topic.name,
            {name: _parameter(one.description, one.example) for name, one in topic.parameters.items()},
        )
        messages[topic.name] = _message(topic.title, topic.content, _any(topic.content), topic.examples)
        operations[f"receive{topic.name[0].upper()}{topic.name[1:]}"] = _operation(
            "receive", topic.name, f"Reads the format {topic.format}."
        )
    _, schemas = msgspec.json.schema_components([*EVENTS, Receipt], ref_template=_SCHEMA)
    return {
        "asyncapi": VERSION,
        "id": "urn:campus-safety:mqtt",
        "info": _info(version),
        "defaultContentType": JSON,
        "servers": _servers(),
        "channels": channels,
        "operations": operations,
        "components": {
            "schemas": schemas,
            "messages": messages,
            "parameters": {"school": _parameter("The school's code", "370828-001")},
            "securitySchemes": {
                "school": {
                    "type": "userPassword",
                    "description": "Each school has a credential of its own, which the broker limits to the "
                    "topics of this school.",
                }
            },
        },
    }


def _info(version: str) -> Document:
    return {
        "title": "Campus safety over MQTT",
        "version": version,
        "description": "What devices and gateways of schools publish, and what the service answers. "
        f"Every topic begins with {'/'.join(PREFIX)} and the school's code, the only trusted identity. "
        "Publish at QoS 1; a message that is sent again is stored once.",
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    }


def _servers() -> Document:
    security = [{"$ref": "#/components/securitySchemes/school"}]
    host = {"host": {"default": "broker.example.org", "description": "The county's broker"}}
    return {
        "tls": {
            "host": "{host}:8883",
            "protocol": "mqtts",
            "protocolVersion": "3.1.1",
            "description": "For whatever crosses a network.",
            "variables": host,
            "security": security,
        },
        "plain": {
            "host": "{host}:1883",
            "protocol": "mqtt",
            "protocolVersion": "3.1.1",
            "description": "On the broker's own machine, for trying.",
            "variables": {"host": {**host["host"], "default": "127.0.0.1"}},
            "security": security,
        },
    }


def _own_channels() -> Document:
    """What gateways and the service say to each other in words of our own."""
    gateway = {"gateway": _parameter("The gateway, a name within the school", "gw-1")}
    return {
        "nativeEvents": _channel("Native events", "native/{gateway}/events", "nativeEvents", gateway),
        "gatewayStatus": _channel("A gateway's status", "native/{gateway}/status", "gatewayStatus", gateway),
        "receipts": _channel("Receipts", "receipts/{gateway}", "receipts", gateway),
    }


def _own_messages() -> Document:
    event: Document = {"oneOf": [{"$ref": _SCHEMA.format(name=kind.__name__)} for kind in EVENTS]}
    batch = {
        "type": "array",
        "items": event,
        "description": "A batch; one that cannot be read costs no other.",
    }
    return {
        "nativeEvents": _message(
            "One CloudEvent, or a batch", CLOUDEVENTS, {"oneOf": [*event["oneOf"], batch]}, _EVENTS
        ),
        "gatewayStatus": _message(
            "online, or as the last will offline",
            TEXT,
            msgspec.json.schema(GatewayStatus),
            ["online", "offline"],
        ),
        "receipts": _message(
            "Up to where all is committed",
            JSON,
            {"$ref": "#/components/schemas/Receipt"},
            [{"sequence": 1042}],
        ),
    }


def _own_operations() -> Document:
    return {
        "receiveNativeEvents": _operation("receive", "nativeEvents", "Stores and judges events."),
        "receiveGatewayStatus": _operation(
            "receive", "gatewayStatus", "Knows when a gateway is away.", retain=True
        ),
        "sendReceipts": _operation(
            "send",
            "receipts",
            "Says what a gateway need not keep any longer, after the commit, at most once a second.",
            retain=True,
        ),
    }


def _channel(title: str, address: str, message: str, parameters: Document) -> Document:
    return {
        "title": title,
        "address": "/".join((*PREFIX, "{school}", address)),
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "parameters": {"school": {"$ref": "#/components/parameters/school"}, **parameters},
    }


def _parameter(description: str, example: str) -> Document:
    return {"description": description, "examples": [example]}


def _message(title: str, content: str, payload: Document, examples: Sequence[Any]) -> Document:
    return {
        "title": title,
        "contentType": content,
        "payload": payload,
        "examples": [{"payload": example} for example in examples],
    }


def _operation(action: str, channel: str, summary: str, *, retain: bool = False) -> Document:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{channel}"}],
        "summary": summary,
        "bindings": {"mqtt": {"qos": 1, "retain": retain, "bindingVersion": "0.2.0"}},
    }


def _any(content: str) -> Document:
    """What is known of a payload whose form is its vendor's."""
    if content == JSON:
        return {"type": "object", "description": "As the vendor documents it."}
    if content == BINARY:
        return {"type": "string", "contentEncoding": "base64", "description": "Bytes; shown in base64."}
    return {"type": "string", "description": "As the vendor documents it."}


_EVENTS: list[Any] = [
    {
        "specversion": "1.0",
        "id": "01JD8Z6Q",
        "source": "cam-gate-1",
        "type": "intrusion",
        "time": "2026-11-23T08:00:00.123+08:00",
        "sequence": "1042",
        "data": {
            "phase": "start",
            "severity": "major",
            "zone": "north-gate",
            "snapshot_url": "http://cam-gate-1.school.example/1042.jpg",
            "attributes": {"confidence": 0.93},
        },
    },
    {
        "specversion": "1.0",
        "id": "t-88",
        "source": "cold-store-1",
        "type": "temperature",
        "time": "2026-11-23T08:00:05+08:00",
        "data": {"value": 9.4, "unit": "°C"},
    },
    [
        {"specversion": "1.0", "id": "p-7", "source": "guard-room", "type": "panic_button"},
        {
            "specversion": "1.0",
            "id": "01JD8Z6Q",
            "source": "cam-gate-1",
            "type": "intrusion",
            "data": {"phase": "end"},
        },
    ],
    {
        "specversion": "1.0",
        "id": "b1f6d9f2-6c0e-4b7e-9a52-3f1f7f1f0a11",
        "source": "tablet-1",
        "type": "inspection_submitted",
        "data": {"date": "2026-11-23", "sections": [9, 9, 9, 9, 9, 9, 9, 9, 9], "key_items_failed": 0},
    },
]
