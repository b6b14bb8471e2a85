"""From logged messages to events: decoded, placed in the registry, inspections graded on the way."""

from collections.abc import Collection, Container, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from threading import Lock
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from sqlmodel import Session

from safety_service.domain.clocks import corrected
from safety_service.domain.decoding import Recall, decode, parse_topic
from safety_service.domain.decoding.recall import MOST_SENDERS, Lasting
from safety_service.domain.errors import Refused, SafetyError
from safety_service.domain.identities import resolve
from safety_service.domain.inspections import RefusedInspection
from safety_service.domain.types import Event, Message, Rejected
from safety_service.services import inspection_drafts, inspections, vendors
from safety_service.services.inspection_due import known_planning
from safety_service.services.periods import known_deadlines
from safety_service.services.schemes import known_schemes
from safety_service.services.snapshots import Facts
from safety_service.store import sensor_states
from safety_service.store.devices import Registry
from safety_service.store.event_log import Refusal
from safety_service.store.session import after_commit

INSPECTION_KIND = "inspection_submitted"


class Intake(msgspec.Struct):
    """What a batch of messages turned into, in order of arrival; `images` that came with them, by hash."""

    events: list[Event] = msgspec.field(default_factory=list)
    refused: list[Refusal] = msgspec.field(default_factory=list)
    images: dict[str, Facts] = msgspec.field(default_factory=dict)


class GradingHouse(msgspec.Struct, frozen=True):
    """What grading needs of the settings: own schemes beside the built-in ones, the county's time zone, its
    periods and the intervals between visits."""

    schemes_dir: Path | None
    timezone: str
    deadlines_file: Path | None = None
    planning_file: Path | None = None


class SharedRecall:
    """The memory of all decoders of one partition: the thread that reads ahead may be at it too.

    What lasts in it is kept in the database, as far as the messages it comes from are processed.
    """

    def __init__(self) -> None:
        self.recall = Recall()
        self.lock = Lock()
        self._restored = False
        self._handed_out = Lasting([], [])

    def restore(self, session: Session, schools: Collection[str]) -> None:
        """Once, before the first message is read: what was known before this process."""
        if self._restored:
            return
        with self.lock:
            self.recall.restore(
                sensor_states.load(session, schools), sensor_states.load_names(session, schools, MOST_SENDERS)
            )
        self._restored = True

    def save(self, session: Session, cursor: int) -> None:
        """Writes what has changed up to the cursor, with it; what a failure undid is written next time."""
        with self.lock:
            self.recall.keep_again(self._handed_out)
            self._handed_out = self.recall.changed(cursor)
        if any(self._handed_out):
            sensor_states.save(session, self._handed_out.told)
            sensor_states.save_names(session, self._handed_out.named)
            after_commit(session, self._written)

    def _written(self) -> None:
        self._handed_out = Lasting([], [])


class Decoder:
    """Turns messages into events for the schools of one partition; bad input becomes a value."""

    def __init__(
        self,
        registry: Registry,
        schools: Container[str],
        default_zone: tzinfo,
        max_payload_bytes: int,
        max_push_bytes: int = 0,
        memory: SharedRecall | None = None,
    ) -> None:
        self._registry = registry
        self._schools = schools
        self._default_zone = default_zone
        self._max_payload_bytes = max_payload_bytes
        self._max_push_bytes = max(max_push_bytes, max_payload_bytes)
        self._memory = memory or SharedRecall()
        self._zones: dict[str, tzinfo] = {}
        vendors.ensure_installed()

    def zone_of(self, school: str) -> tzinfo:
        """The school's own time zone, else the county's."""
        zone = self._zones.get(school)
        if zone is None:
            zone = self._zones[school] = self._find_zone(self._registry.schools.get(school))
        return zone

    def read(self, messages: Sequence[Message]) -> Intake:
        """Decodes a batch; one bad message costs no other."""
        with self._memory.lock:
            return self._read(messages)

    def _read(self, messages: Sequence[Message]) -> Intake:
        intake = Intake()
        schools = self._registry.schools
        for message in messages:
            topic = parse_topic(message.topic)
            if isinstance(topic, Rejected):
                intake.refused.append(Refusal(message, None, topic))
                continue
            if topic.school not in schools:
                intake.refused.append(Refusal(message, None, _unknown_school(topic.school)))
                continue
            if topic.school not in self._schools:
                intake.refused.append(Refusal(message, topic.school, _other_partition(topic.school)))
                continue
            zone = self.zone_of(topic.school)
            largest = self._max_push_bytes if message.origin == "http" else self._max_payload_bytes
            found = decode(message, zone, largest=largest)
            for result in self._memory.recall.complete(message, found):
                if isinstance(result, Rejected):
                    intake.refused.append(Refusal(message, topic.school, result))
                else:
                    result.position = message.position
                    intake.events.append(self._placed(result))
        return intake

    def _placed(self, event: Event) -> Event:
        """Adds what only the registry knows: the device's name, clock and zone, and what place a zone is."""
        registry = self._registry
        if registry.aliases:
            event.device = resolve(registry.aliases, event.school, event.device)
        device = registry.devices.get((event.school, event.device))
        if event.clock_suspect:
            corrected(event, device.clock_offset if device is not None else None)
        if event.zone is None and device is not None:
            event.zone = device.zone
        if event.zone is not None:
            event.zone_type = registry.zone_types.get((event.school, event.zone))
        if event.zone_type is None and device is not None:
            event.zone_type = device.zone_type
        return event

    def _find_zone(self, name: str | None) -> tzinfo:
        if name is None:
            return self._default_zone
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            return self._default_zone


def _other_partition(code: str) -> Rejected:
    return Rejected(
        reason="other_partition",
        place="topic",
        detail=f"another partition works for {code!r}; a client must have subscribed under the wrong name",
    )


def _unknown_school(code: str) -> Rejected:
    return Rejected(
        reason="unknown_school",
        place="topic",
        detail=f"no school has the code {code!r}; import the school, then replay the message",
    )


def grade_inspections(
    session: Session, intake: Intake, batch: Sequence[Message], house: GradingHouse, now: datetime
) -> Intake:
    """The intake with every inspection in it graded: its `inspection_graded` event stands right behind it.

    An inspection that breaks a rule is refused with all its places and leaves no event, so that it can be
    replayed after a fix; with an id it is kept as a draft too. One sent twice is graded once.
    """
    if not any(event.kind == INSPECTION_KIND for event in intake.events):
        return intake
    messages = {message.position: message for message in batch}
    result = Intake(refused=list(intake.refused))
    for event in intake.events:
        if event.kind != INSPECTION_KIND:
            result.events.append(event)
            continue
        try:
            graded = _grade(session, event, house, now)
        except SafetyError as error:
            if isinstance(error, RefusedInspection):
                inspection_drafts.keep(session, error)
            why = Rejected(reason=error.slug, place=error.place or "data", detail=_sentences(error))
            result.refused.append(Refusal(messages[event.position], event.school, why))
            continue
        result.events.append(event)
        if graded is not None:
            graded.position = event.position
            result.events.append(graded)
    return result


def _grade(session: Session, event: Event, house: GradingHouse, now: datetime) -> Event | None:
    with session.begin_nested():
        return inspections.submit(
            session,
            school=event.school,
            body=event.attributes.get("inspection"),
            submitted_by=f"device:{event.device}",
            source_key=f"mqtt:{event.device}:{event.event_id}",
            now=now,
            book=known_schemes(house.schemes_dir),
            timezone=house.timezone,
            deadlines=known_deadlines(house.deadlines_file),
            intervals=known_planning(house.planning_file),
        ).event


def _sentences(error: SafetyError) -> str:
    problems = error.problems if isinstance(error, Refused) else []
    return "; ".join(f"{place}: {reason}" for place, reason in problems) or str(error)
