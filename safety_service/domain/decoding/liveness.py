"""Online and offline of a gateway, a recorder or a camera, as one lasting event that an outage opens."""

from typing import Any

from safety_service.domain.decoding.cleaning import clean_name
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.times import microseconds
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Phase, Rejected

PHASES: dict[str, Phase] = {
    "online": "end",
    "connected": "end",
    "offline": "start",
    "disconnected": "start",
    "stopped": "start",
    "disabled": "start",
}


def read_word(payload: bytes) -> str:
    """A plain-text payload (`online`, `"ON"`) in lower case, without quotes; other bytes as escapes."""
    text = payload[:64].decode("utf-8", "backslashreplace")
    return clean_name(text).strip('"').lower()


def liveness(
    message: Message, topic: Topic, *, device: str, gateway: str, kind: str = "device_offline"
) -> list[Event | Rejected]:
    """`offline`, `disconnected`, `stopped` and `disabled` start a `device_offline`, `online` ends it.

    `online` is the end of an outage and not a kind of its own, so that a rule on `device_offline` resolves.
    An empty payload deletes a retained status and says nothing.
    """
    if not message.payload:
        return []
    word = read_word(message.payload)
    if word not in PHASES:
        return [refused("bad_value", "payload", f"A status is one of {', '.join(PHASES)}, not {word!r}.")]
    return [word_event(message, topic, device, gateway, kind, PHASES[word], word)]


def word_event(
    message: Message, topic: Topic, device: str, gateway: str, kind: str, phase: Phase, word: str
) -> Event:
    """An event from a word that carries neither an id nor a time: every receipt of it is news.

    `connection: own` marks that whoever is connected to the broker itself has gone or come back, and with it
    all that stands behind it.
    """
    attributes: dict[str, Any] = {"status": word}
    if kind == "device_offline" and device == gateway:
        attributes["connection"] = "own"
    return Event(
        school=topic.school,
        device=device,
        kind=kind,
        phase=phase,
        occurred_at=message.received_at,
        received_at=message.received_at,
        format=topic.format,
        # Batches share a receive time, so the position has to tell two words in one batch apart.
        dedup_key=f"{kind}|{word}|{microseconds(message.received_at)}|{message.position}",
        attributes=attributes,
        retained=message.retained,
        gateway=gateway,
        # The key names the receipt already, so its time tells nothing apart that the key would not.
        told_at=message.received_at,
    )
