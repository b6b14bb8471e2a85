"""The AsyncAPI document keeps to AsyncAPI 3.0, and the decoders read whatever it says can be sent."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from safety_service.domain import wire
from safety_service.domain.asyncapi import payload_of
from safety_service.domain.decoding import decode, parse_topic
from safety_service.domain.decoding.kinds import KINDS
from safety_service.domain.decoding.table import DECODERS
from safety_service.domain.types import PHASES, SEVERITIES, Event, Message, Rejected
from safety_service.services import vendors
from safety_service.services.asyncapi import document, topics

vendors.ensure_installed()
DOCUMENT = document()
NOW = datetime(2026, 11, 23, 15, 10, 5, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
NAME = re.compile(r"[\w.-]+", re.ASCII)
NAMED = re.compile(r"{(\w+)}")

SHAPES: dict[str, tuple[str, str]] = {
    "document": ("asyncapi info", "id info servers defaultContentType channels operations components"),
    "info": ("title version", "description termsOfService contact license tags externalDocs"),
    "server": (
        "host protocol",
        "protocolVersion pathname description title summary variables security tags externalDocs bindings",
    ),
    "variable": ("", "enum default description examples"),
    "channel": (
        "",
        "address messages title summary description servers parameters tags externalDocs bindings",
    ),
    "parameter": ("", "enum default description examples location"),
    "operation": (
        "action channel",
        "title summary description security tags externalDocs bindings traits messages reply",
    ),
    "message": (
        "",
        "headers payload correlationId contentType name title summary description tags externalDocs bindings "
        "examples traits",
    ),
    "example": ("payload", "headers name summary"),
    "components": (
        "",
        "schemas servers channels operations messages securitySchemes serverVariables parameters replies "
        "replyAddresses externalDocs tags operationTraits messageTraits serverBindings channelBindings "
        "operationBindings messageBindings",
    ),
    "security": ("type", "description"),
    "mqtt": ("", "qos retain messageExpiryInterval bindingVersion"),
}
"""What each kind of object must and may hold, by the specification."""


def check(kind: str, one: Any) -> None:
    assert isinstance(one, dict), kind
    needed, allowed = (set(words.split()) for words in SHAPES[kind])
    assert needed <= one.keys() <= needed | allowed, (kind, sorted(one))


def found(reference: dict[str, str]) -> Any:
    """What a reference points at; it is alone in its object."""
    assert list(reference) == ["$ref"]
    place: Any = DOCUMENT
    for step in reference["$ref"].removeprefix("#/").split("/"):
        place = place[step.replace("~1", "/").replace("~0", "~")]
    return place


def references(value: Any) -> list[dict[str, str]]:
    if isinstance(value, list):
        return [one for item in value for one in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if isinstance(value.get("$ref"), str) else []
    return own + [one for item in value.values() for one in references(item)]


def test_the_document_has_the_shape_of_asyncapi_3() -> None:
    check("document", DOCUMENT)
    assert DOCUMENT["asyncapi"] == "3.0.0"
    check("info", DOCUMENT["info"])
    check("components", DOCUMENT["components"])
    for scheme in DOCUMENT["components"]["securitySchemes"].values():
        check("security", scheme)
        assert scheme["type"] == "userPassword"
    for server in DOCUMENT["servers"].values():
        check("server", server)
        assert set(NAMED.findall(server["host"])) == set(server["variables"])
        for variable in server["variables"].values():
            check("variable", variable)
        assert all(found(one)["type"] for one in server["security"])


def test_every_reference_leads_somewhere() -> None:
    everything = references(DOCUMENT)
    assert len(everything) > 60
    for reference in everything:
        found(reference)


@pytest.mark.parametrize("name", DOCUMENT["channels"])
def test_a_channel_names_its_parameters_and_messages(name: str) -> None:
    assert NAME.fullmatch(name)
    channel = DOCUMENT["channels"][name]
    check("channel", channel)
    assert set(NAMED.findall(channel["address"])) == set(channel["parameters"])
    for parameter in channel["parameters"].values():
        named = found(parameter) if "$ref" in parameter else parameter
        check("parameter", named)
        assert all(isinstance(example, str) for example in named["examples"])
    for message in channel["messages"].values():
        told = found(message)
        check("message", told)
        assert told["payload"]
        for example in told["examples"]:
            check("example", example)


@pytest.mark.parametrize("name", DOCUMENT["operations"])
def test_an_operation_is_about_messages_of_its_channel(name: str) -> None:
    assert NAME.fullmatch(name)
    operation = DOCUMENT["operations"][name]
    check("operation", operation)
    assert operation["action"] in {"send", "receive"}
    channel = operation["channel"]["$ref"]
    assert channel.rpartition("/")[0] == "#/channels"
    assert operation["messages"]
    for message in operation["messages"]:
        assert message["$ref"].startswith(f"{channel}/messages/")
    check("mqtt", operation["bindings"]["mqtt"])


def test_each_channel_has_its_operation() -> None:
    about = [operation["channel"]["$ref"] for operation in DOCUMENT["operations"].values()]
    assert sorted(about) == sorted(f"#/channels/{name}" for name in DOCUMENT["channels"])
    sent = [o["channel"]["$ref"] for o in DOCUMENT["operations"].values() if o["action"] == "send"]
    assert sent == ["#/channels/receipts"]


def test_every_format_has_a_channel() -> None:
    named = {channel["address"].split("/")[3] for channel in DOCUMENT["channels"].values()}
    assert named == set(DECODERS) - {"service"}
    assert {topic.format for topic in topics()} == set(DECODERS) - {"service", "native", "receipts"}


def sent(channel: dict[str, Any]) -> list[Message]:
    """The examples of a channel, on the topic that the examples of its parameters make."""
    parameters = {
        name: (found(one) if "$ref" in one else one)["examples"][0]
        for name, one in channel["parameters"].items()
    }
    topic = channel["address"].format(**parameters)
    (message,) = (found(one) for one in channel["messages"].values())
    return [
        Message(topic=topic, payload=payload_of(message["contentType"], one["payload"]), received_at=NOW)
        for one in message["examples"]
    ]


@pytest.mark.parametrize("name", [name for name in DOCUMENT["channels"] if name != "receipts"])
def test_every_example_is_read(name: str) -> None:
    examples = sent(DOCUMENT["channels"][name])
    assert examples
    for message in examples:
        read = decode(message, ZONE)
        assert [one for one in read if isinstance(one, Rejected)] == []
        assert read, "an example that says nothing"
        assert all(isinstance(one, Event) and one.kind != "other" for one in read)


def test_a_receipt_is_what_the_service_sends() -> None:
    [message] = sent(DOCUMENT["channels"]["receipts"])
    assert not isinstance(parse_topic(message.topic), Rejected)
    assert msgspec.json.decode(message.payload, type=wire.Receipt).sequence == 1042


def test_the_words_are_those_of_the_types() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    data = schemas["EventData"]["properties"]
    assert data["phase"]["enum"] == sorted(PHASES)
    assert data["severity"]["enum"] == sorted(SEVERITIES)
    kinds = schemas["CloudEvent"]["properties"]["type"]
    assert set(kinds["x-kinds"]) | set(kinds["not"]["enum"]) == KINDS


letters = st.characters(codec="utf-8", categories=("L", "N", "P", "S"))
names = st.text(letters, min_size=1, max_size=60)
perhaps = lambda values: st.one_of(st.just(UNSET), values)  # noqa: E731
data = st.builds(
    wire.EventData,
    phase=perhaps(st.sampled_from([phase for phase in PHASES if phase != "measure"])),
    value=perhaps(st.floats(allow_nan=False, allow_infinity=False)),
    unit=perhaps(st.text(letters, min_size=1, max_size=32)),
    severity=perhaps(st.sampled_from(SEVERITIES)),
    zone=perhaps(names),
    snapshot_url=perhaps(st.just("http://cam.school/1.jpg?a=1")),
    attributes=perhaps(st.dictionaries(names, st.one_of(names, st.integers(), st.booleans()), max_size=3)),
)
events = st.builds(
    wire.CloudEvent,
    specversion=st.just("1.0"),
    id=names,
    source=names,
    type=st.one_of(st.sampled_from(wire.TOLD_KINDS), st.just("vendor-code-7")),
    time=perhaps(st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)),
    sequence=perhaps(st.integers(0, 10**18 - 1).map(str)),
    data=perhaps(data),
)


@settings(max_examples=300, deadline=None)
@given(events)
def test_whatever_keeps_to_the_types_is_read_whole(event: wire.CloudEvent) -> None:
    payload = msgspec.json.encode(event)
    assert msgspec.json.decode(payload, type=wire.CloudEvent) == event
    topic = "campus/v1/370828-001/native/gw-1/events"
    found = decode(Message(topic=topic, payload=payload, received_at=NOW), ZONE)
    assert [one for one in found if isinstance(one, Rejected)] == []
    [read] = (one for one in found if isinstance(one, Event))
    assert read.kind == (event.type if event.type in KINDS else "other")
