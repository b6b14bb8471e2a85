"""What reviews and tracked objects share: a step (new, update, end) with the state before and after it."""

from datetime import tzinfo
from typing import Any, TypeVar

import msgspec

from safety_service.domain.decoding.details import digest
from safety_service.domain.decoding.refusal import read_json, refused
from safety_service.domain.decoding.times import Reading, read_time
from safety_service.domain.types import Event, Message, Phase, Rejected

State = TypeVar("State", bound=msgspec.Struct)
PHASES: dict[str, Phase] = {"new": "start", "update": "update", "end": "end"}
# A text that a language model wrote about a review: no news of the review itself.
SILENT_STEPS = frozenset({"genai"})
LONGEST_ID = 128


class Step(msgspec.Struct):
    """One step; `after` stays unread until the topic says what it holds."""

    type: str
    after: msgspec.Raw
    before: Any = None


STEP = msgspec.json.Decoder(Step)


def read_step(payload: bytes) -> Step | Rejected | None:
    """The step of a payload, why it cannot be read, or None for a step without news."""
    step = read_json(payload, STEP)
    if isinstance(step, Rejected):
        return step
    if step.type in SILENT_STEPS:
        return None
    if step.type not in PHASES:
        return refused("bad_value", "type", f"A step is one of {', '.join(PHASES)}, not {step.type[:40]!r}.")
    return step


def read_after(step: Step, decoder: msgspec.json.Decoder[State]) -> State | Rejected:
    """The state after the step, with an id that can serve as a key."""
    after = read_json(bytes(step.after), decoder, "after.")
    if isinstance(after, Rejected):
        return after
    identity = str(getattr(after, "id", ""))
    if not identity.isprintable() or not 0 < len(identity) <= LONGEST_ID:
        return refused("bad_value", "after.id", f"An id has 1 to {LONGEST_ID} visible characters.")
    return after


def step_key(step: Step, identity: str) -> str:
    """Two updates of one lasting event are two pieces of news unless they say exactly the same."""
    if step.type != "update":
        return f"{identity}|{step.type}"
    return f"{identity}|update|{digest(msgspec.json.decode(step.after))}"


def step_time(step: Step, start: Any, end: Any, message: Message, zone: tzinfo) -> Reading:
    """When the step happened, which is not when the lasting event began.

    An update carries no time of its own: the receive time counts. A review that began ten minutes ago is no
    sign of a wrong clock, so only `new` is judged by its start and only `end` by its end. Told is the start
    where the step has no time that can be read: the same whenever the step is sent.
    """
    own = {"new": start, "end": end}.get(step.type)
    time = read_time(own, message.received_at, zone)
    if time.told_at is not None:
        return time
    return time._replace(told_at=read_time(start, message.received_at, zone).told_at)


def with_time(event: Event, time: Reading) -> list[Event | Rejected]:
    """The event with its time; an unreadable time is reported beside it and costs it nothing else."""
    event.occurred_at = time.occurred_at
    event.clock_suspect = time.clock_suspect
    event.source_time = time.source_time
    event.told_at = time.told_at
    if time.error is None:
        return [event]
    place = {"start": "after.start_time", "end": "after.end_time"}.get(event.phase, "timestamp")
    event.attributes["time_error"] = f"{place} {time.source_time!r}: {time.error}"
    return [event, refused("bad_time", place, f"The time {time.source_time!r}: {time.error}.")]
