"""Notices as delivery hands them to channels."""

from datetime import UTC, datetime
from typing import Any

from safety_service.domain.delivery import Notice, digest_notice, notice_of, trial_notice
from safety_service.domain.places import Place
from safety_service.domain.types import Alert, Change, Transition

NOW = datetime(2026, 9, 1, 8, 0, 0, 500_000, tzinfo=UTC)
PLACE = Place(
    school_zh="第一小学",
    school_en="Primary School 1",
    zone="三号宿舍楼",
    device="三楼烟感",
    timezone="Asia/Shanghai",
)


def alert(**more: Any) -> Alert:
    fields: dict[str, Any] = {
        "id": 7,
        "rule": "door-open",
        "rule_version": "1",
        "key": ("370828-001", "d-1"),
        "school": "370828-001",
        "kind": "door_open",
        "title": {"zh": "宿舍门敞开", "en": "Dormitory door open"},
        "severity": "major",
        "condition": "firing",
        "raised_at": NOW,
        "last_seen_at": NOW,
        "device": "d-1",
        "zone": "dorm-3",
    }
    return Alert(**{**fields, **more})


def notice(
    change: Change = "raised",
    *,
    number: int = 42,
    place: Place | None = PLACE,
    link: str | None = None,
    **more: Any,
) -> Notice:
    about = alert(**more)
    over = change == "resolved"
    step = Transition(
        change=change,
        at=NOW,
        severity=about.severity,
        condition="resolved" if over else "firing",
    )
    if over:
        about.condition, about.resolved_at = "resolved", NOW
    return notice_of(number, 12, about, step, place=place, link=link)


def trial() -> Notice:
    return trial_notice("abc", "desk", "admin", NOW, place=Place(timezone="Asia/Shanghai"))


def digest(*parts: Notice) -> Notice:
    return digest_notice(parts)
