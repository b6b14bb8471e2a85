"""What cameras really send, against the rules: repeats are one alert, heartbeats none, the next is new."""

from datetime import UTC, datetime
from typing import Any

from safety_service.domain.decoding import decode
from safety_service.domain.types import Event, Message
from tests.domain.rules.world import at, engine, play

NEVER = "kind: event, severity: major, quiet_for: never, match: {kind: [intrusion, video_loss, alarm_input]}"


def hikvision(minutes: float, type: str, state: str, count: int, **more: Any) -> Event:
    written = at(minutes).isoformat()
    fields = {
        "macAddress": "a0:12:34:56:78:9a",
        "channelID": 1,
        "dateTime": written,
        "activePostCount": count,
        "eventType": type,
        "eventState": state,
        **more,
    }
    body = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return one("hikvision/b", f"<EventNotificationAlert>{body}</EventNotificationAlert>", minutes)


def onvif(minutes: float, state: bool, told: float | None = None, **options: Any) -> Event:
    written = at(minutes if told is None else told).isoformat()
    body = (
        f'{{"UtcTime":"{written}","Source":{{"VideoSource":"1"}},"Data":{{"IsInside":{str(state).lower()}}}}}'
    )
    return one("onvif/cam/onvif-ej/RuleEngine/FieldDetector/ObjectsInside/&1", body, minutes, **options)


def one(rest: str, payload: str, minutes: float, **options: Any) -> Event:
    message = Message(
        topic=f"campus/v1/s-1/{rest}", payload=payload.encode(), received_at=at(minutes), **options
    )
    (event,) = decode(message, UTC)
    assert isinstance(event, Event)
    return event


def edges(found: list[tuple[float, str, str]]) -> list[tuple[float, str]]:
    """Beginnings and ends, without the repeats between them."""
    return [(minute, what) for minute, what, _ in found if what != "again"]


def test_repeats_of_an_alert_are_one_and_the_next_is_another() -> None:
    events = [hikvision(0, "fielddetection", "active", 1)]
    events += [hikvision(n / 60, "fielddetection", "active", n + 1) for n in range(1, 60)]
    events += [hikvision(1, "fielddetection", "inactive", 0), hikvision(5, "fielddetection", "active", 1)]
    assert edges(play(engine(NEVER), events, 6)) == [(0, "firing"), (1, "resolved"), (5, "firing")]


def test_an_alert_joined_in_the_middle_of_its_repeats_is_an_alert() -> None:
    assert edges(play(engine(NEVER), [hikvision(3, "fielddetection", "active", 174)], 4)) == [(3, "firing")]


def test_a_static_intruder_is_kept_alive_by_what_only_says_that_it_lasts() -> None:
    wrapped = {"DurationList": "<Duration><relationEvent>fielddetection</relationEvent></Duration>"}
    quiet = "kind: event, severity: major, quiet_for: 2m, match: {kind: intrusion}"
    events = [hikvision(0, "fielddetection", "active", 1)]
    events += [hikvision(n, "duration", "active", 1, **wrapped) for n in range(1, 6)]
    assert edges(play(engine(quiet), events, 10)) == [(0, "firing"), (7, "resolved")]


def test_heartbeats_raise_nothing_and_end_no_lost_video() -> None:
    beats = [hikvision(n / 10, "videoloss", "inactive", 0) for n in range(20)]
    assert play(engine(NEVER), beats, 5) == []
    lost = hikvision(3, "videoloss", "active", 1)
    assert edges(play(engine(NEVER), [lost, hikvision(3.5, "videoloss", "inactive", 0)], 5)) == [
        (3, "firing")
    ]


def test_buttons_on_two_inputs_of_one_device_are_two_alerts() -> None:
    presses = [hikvision(n, "IO", "active", 1, inputIOPortID=n + 1) for n in range(2)]
    assert edges(play(engine(NEVER), presses, 3)) == [(0, "firing"), (1, "firing")]


def test_a_stored_state_raises_nothing_unless_it_is_news() -> None:
    running = engine(NEVER)
    assert play(running, [onvif(0, True, told=-900, retained=True)], 1) == []
    assert edges(play(running, [onvif(2, True), onvif(3, True, told=2, retained=True)], 4)) == [(2, "firing")]
    # It ended and began again while nobody listened: only the copy tells of it.
    assert edges(play(running, [onvif(5, False)], 6)) == [(5, "resolved")]
    assert edges(play(running, [onvif(8, True, told=7, retained=True)], 9)) == [(8, "firing")]


def test_a_deleted_property_ends_nothing() -> None:
    running = engine(NEVER)
    play(running, [onvif(0, True)], 1)
    topic = "campus/v1/s-1/onvif/cam/onvif-ej/RuleEngine/FieldDetector/ObjectsInside/&1"
    deleted = Message(topic=topic, payload=b"", received_at=datetime(2026, 9, 1, 0, 2, tzinfo=UTC))
    assert decode(deleted, UTC) == []
