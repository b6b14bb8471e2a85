"""CAP 1.2: the elements in the order of the standard, the words of the standard, nothing that breaks XML."""

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from safety_service.domain.cap import NAMESPACE, Issuer, cap_of
from safety_service.domain.places import Place
from safety_service.domain.types import Alert, Change, Condition, Severity, Transition
from tests.notices import alert

NOW = datetime(2026, 9, 1, 8, 0, 0, 500_000, tzinfo=UTC)
ISSUER = Issuer(sender="campus-safety-370828", name_zh="金乡县", name_en="Jinxiang County")
PLACE = Place(
    school_zh="第一小学",
    school_en="Primary School 1",
    zone="三号宿舍楼",
    timezone="Asia/Shanghai",
    latitude=35.07,
    longitude=116.3,
)

ORDER = {
    "alert": "identifier sender sent status msgType source scope restriction addresses code note references"
    " incidents info",
    "info": "language category event responseType urgency severity certainty audience eventCode effective"
    " onset expires senderName headline description instruction web contact parameter resource area",
    "area": "areaDesc polygon circle geocode altitude ceiling",
    "eventCode": "valueName value",
    "parameter": "valueName value",
    "geocode": "valueName value",
}
"""The sequences of the standard's schema (CAP-v1.2)."""
REQUIRED = {
    "alert": {"identifier", "sender", "sent", "status", "msgType", "scope"},
    "info": {"category", "event", "urgency", "severity", "certainty"},
    "area": {"areaDesc"},
    "eventCode": {"valueName", "value"},
    "parameter": {"valueName", "value"},
    "geocode": {"valueName", "value"},
}
REPEATABLE = {"code", "info", "category", "responseType", "eventCode", "parameter", "resource", "area"} | {
    "polygon",
    "circle",
    "geocode",
}
_CATEGORIES = "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other"
_RESPONSES = "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None"
WORDS: dict[str, AbstractSet[str]] = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": frozenset(_CATEGORIES.split()),
    "responseType": frozenset(_RESPONSES.split()),
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}


def step(
    change: Change, minutes: int = 0, severity: Severity = "major", condition: Condition = "firing"
) -> Transition:
    at = NOW + timedelta(minutes=minutes)
    return Transition(change=change, at=at, severity=severity, condition=condition)


RAISED = (11, step("raised"))
RISEN = (14, step("severity_raised", 5, "critical"))
OVER = (19, step("resolved", 9, "critical", "resolved"))


def made(
    *history: tuple[int, Transition], about: Alert | None = None, place: Place = PLACE, **more: Any
) -> ElementTree.Element:
    document = cap_of(about or alert(), history or [RAISED], place, ISSUER, **more)
    assert document.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    root = ElementTree.fromstring(document)
    assert root.tag == f"{{{NAMESPACE}}}alert"
    check(root)
    return root


def check(element: ElementTree.Element) -> None:
    """The element as the schema wants it: order, number, required ones, and words from its lists."""
    name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
    children = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]
    if name not in ORDER:
        assert children == []
        assert (element.text or "").strip(), f"{name} is empty"
        assert name not in WORDS or element.text in WORDS[name]
        return
    order = ORDER[name].split()
    places = [order.index(child) for child in children]
    assert places == sorted(places), f"{children} in {name}"
    assert set(children) >= REQUIRED[name]
    once = [child for child in children if child not in REPEATABLE]
    assert len(once) == len(set(once))
    for child in element:
        check(child)


def said(root: ElementTree.Element, path: str) -> str:
    found = root.find("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))
    return "" if found is None else found.text or ""


def infos(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    found = root.findall(f"{{{NAMESPACE}}}info")
    return {said(info, "language"): info for info in found}


def test_a_raised_alert_in_both_languages() -> None:
    root = made(link="https://x.example/desk?school=370828-001")
    assert said(root, "identifier") == "alert-7-11"
    assert said(root, "sender") == "campus-safety-370828"
    assert said(root, "sent") == "2026-09-01T16:00:00+08:00"
    assert (said(root, "status"), said(root, "msgType")) == ("Actual", "Alert")
    assert said(root, "references") == ""
    both = infos(root)
    assert list(both) == ["zh-CN", "en-US"]
    chinese, english = both["zh-CN"], both["en-US"]
    assert (said(chinese, "event"), said(english, "event")) == ("宿舍门敞开", "Dormitory door open")
    assert said(chinese, "headline") == "【二级/橙】宿舍门敞开（发生）"
    assert said(english, "headline") == "[Major/orange] Dormitory door open (raised)"
    assert "School: Primary School 1" in said(english, "description")
    assert (said(chinese, "senderName"), said(english, "senderName")) == ("金乡县", "Jinxiang County")
    assert said(english, "area/areaDesc") == "Primary School 1 三号宿舍楼"
    assert said(english, "area/circle") == "35.07,116.3 0"
    assert said(english, "area/geocode/value") == "370828-001"
    assert said(english, "onset") == "2026-09-01T16:00:00+08:00"
    assert said(english, "web") == "https://x.example/desk?school=370828-001"
    assert (said(english, "urgency"), said(english, "responseType")) == ("Immediate", "Assess")


@pytest.mark.parametrize(
    ("severity", "word"),
    [("critical", "Extreme"), ("major", "Severe"), ("minor", "Moderate"), ("warning", "Minor")],
)
def test_severities(severity: Severity, word: str) -> None:
    root = made((11, step("raised", severity=severity)))
    assert [said(info, "severity") for info in infos(root).values()] == [word, word]


def test_a_risen_severity_updates_the_message_before() -> None:
    root = made(RAISED, RISEN)
    assert (said(root, "identifier"), said(root, "msgType")) == ("alert-7-14", "Update")
    assert said(root, "references") == "campus-safety-370828,alert-7-11,2026-09-01T16:00:00+08:00"
    assert said(root, "sent") == "2026-09-01T16:05:00+08:00"


def test_a_resolve_cancels_all_before() -> None:
    root = made(RAISED, RISEN, OVER)
    assert said(root, "msgType") == "Cancel"
    assert [one.split(",")[1] for one in said(root, "references").split(" ")] == ["alert-7-11", "alert-7-14"]
    for info in infos(root).values():
        assert (said(info, "urgency"), said(info, "responseType")) == ("Past", "AllClear")


def test_what_comes_back_updates() -> None:
    assert said(made(RAISED, OVER, (25, step("reopened", 12))), "msgType") == "Update"


def test_what_people_do_besides_is_no_message() -> None:
    root = made(RAISED, (12, step("acknowledged", 1)), (13, step("commented", 2)))
    assert (said(root, "identifier"), said(root, "msgType")) == ("alert-7-11", "Alert")


@pytest.mark.parametrize(
    ("disposition", "status"),
    [("confirmed", "Actual"), ("false_alarm", "Actual"), ("drill", "Exercise"), ("test", "Test")],
)
def test_a_closed_alert_is_cancelled_and_a_drill_is_called_one(disposition: str, status: str) -> None:
    root = made(RAISED, (12, step("closed", 1)), about=alert(disposition=disposition))
    assert (said(root, "msgType"), said(root, "status")) == ("Cancel", status)


@pytest.mark.parametrize(
    ("kind", "category"),
    [("fire", "Fire"), ("gas_leak", "CBRNE"), ("intrusion", "Security"), ("unheard_of", "Safety")],
)
def test_categories(kind: str, category: str) -> None:
    assert said(infos(made(about=alert(kind=kind)))["zh-CN"], "category") == category


def test_text_from_outside_stays_text() -> None:
    odd = alert(
        title={"zh": "<b>&amp; ]]> \x00\x0b\ud800\ufffe😀", "en": "x"},
        device="</info><info>",
        zone="\"'",
        snapshot_url="http://x/?a=1&b=2",
    )
    root = made(about=odd, place=Place())
    assert len(infos(root)) == 2
    assert said(infos(root)["zh-CN"], "event") == "<b>&amp; ]]> 😀"
    values = [found.text for found in root.iter(f"{{{NAMESPACE}}}value")]
    assert "</info><info>" in values
    assert "http://x/?a=1&b=2" in values


def test_utc_is_written_as_the_standard_wants_it() -> None:
    assert said(made(place=Place()), "sent") == "2026-09-01T08:00:00-00:00"


def test_without_names_and_coordinates_the_codes_stand_there() -> None:
    info = infos(made(place=Place()))["zh-CN"]
    assert said(info, "area/areaDesc") == "370828-001 dorm-3"
    assert said(info, "area/circle") == ""


def test_a_long_title_makes_a_headline_of_the_length_that_is_advised() -> None:
    info = infos(made(about=alert(title={"zh": "门" * 300, "en": "x"})))["zh-CN"]
    assert len(said(info, "headline")) == 160
