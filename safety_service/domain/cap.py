"""An alert as a Common Alerting Protocol 1.2 message (OASIS), in Chinese and English."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec

from safety_service.domain.delivery import notice_of
from safety_service.domain.messages import in_language, plain, text_of
from safety_service.domain.notifying import NOTIFIED_CHANGES
from safety_service.domain.places import Place
from safety_service.domain.types import Alert, Transition

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml"
SEVERITIES = {"critical": "Extreme", "major": "Severe", "minor": "Moderate", "warning": "Minor"}
LONGEST_HEADLINE = 160
TOLD_CHANGES = NOTIFIED_CHANGES | {"closed"}
"""Each of these is a message of its own, with references to those before it."""

_LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
_EXERCISES = {"drill": "Exercise", "test": "Test"}
_CATEGORIES = {
    "fire": "Fire",
    "smoke": "Fire",
    "flame_unattended": "Fire",
    "gas_leak": "CBRNE",
    "water_leak": "Infra",
    "power_loss": "Infra",
    "device_offline": "Infra",
    "video_loss": "Infra",
    "temperature": "Health",
    "no_chef_hat": "Health",
    "no_mask": "Health",
    "no_gloves": "Health",
    "rodent": "Health",
    "cockroach": "Health",
    "panic_button": "Security",
    "intrusion": "Security",
    "climbing": "Security",
    "fight": "Security",
    "stranger": "Security",
    "door_forced": "Security",
}
"""CAP's own categories; whatever is not named here is general Safety."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends: `sender` identifies the service (no blanks), the names are those of the county."""

    sender: str
    name_zh: str
    name_en: str


def cap_of(
    alert: Alert,
    history: Sequence[tuple[int, Transition]],
    place: Place,
    issuer: Issuer,
    *,
    link: str | None = None,
) -> bytes:
    """The message of the alert's latest change, as a UTF-8 document.

    `history` is (number, transition) in order and begins with the raise. The first message is an Alert, later
    ones are an Update of those before, and a Cancel once it has resolved or was closed. `link`: where it is
    handled.
    """
    told = [(number, step) for number, step in history if step.change in TOLD_CHANGES]
    number, step = told[-1]
    root = Element("alert", xmlns=NAMESPACE)
    _add(root, "identifier", _identifier(alert, number))
    _add(root, "sender", issuer.sender)
    _add(root, "sent", _time(step.at, place))
    _add(root, "status", _EXERCISES.get(alert.disposition or "", "Actual"))
    _add(root, "msgType", _message_type(told))
    _add(root, "scope", "Restricted")
    _add(root, "restriction", "For the education authority and the safety staff of its schools")
    earlier = (f"{issuer.sender},{_identifier(alert, n)},{_time(one.at, place)}" for n, one in told[:-1])
    _add(root, "references", " ".join(earlier))
    _add(root, "incidents", f"alert-{alert.id}")
    for language in _LANGUAGES:
        _add_info(root, language, alert, (number, step), place, issuer, link)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_info(
    root: Element,
    language: str,
    alert: Alert,
    told: tuple[int, Transition],
    place: Place,
    issuer: Issuer,
    link: str | None,
) -> None:
    number, step = told
    text = text_of(notice_of(number, number, alert, step, place=place), "zh" if language == "zh" else "en")
    over = _is_over(step)
    info = SubElement(root, "info")
    _add(info, "language", _LANGUAGES[language])
    _add(info, "category", _CATEGORIES.get(alert.kind, "Safety"))
    _add(info, "event", in_language(alert.title, language))
    _add(info, "responseType", "AllClear" if over else "Assess")
    _add(info, "urgency", "Past" if over else "Immediate")
    _add(info, "severity", SEVERITIES[step.severity])
    _add(info, "certainty", "Observed")
    _add_value(info, "eventCode", "campus-safety:kind", alert.kind)
    _add(info, "onset", _time(alert.raised_at, place))
    _add(info, "senderName", issuer.name_zh if language == "zh" else issuer.name_en)
    _add(info, "headline", text.title[:LONGEST_HEADLINE])
    _add(info, "description", "\n".join(text.lines))
    _add(info, "web", link or "")
    for name, value in _parameters(alert):
        _add_value(info, "parameter", f"campus-safety:{name}", value)
    _add_area(info, language, alert, place)


def _parameters(alert: Alert) -> Iterable[tuple[str, str]]:
    yield "rule", alert.rule
    yield "zone", alert.zone or ""
    yield "device", alert.device or ""
    yield "count", str(alert.count)
    yield "suppressed_by", alert.suppressed_by or ""
    yield "snapshot_url", alert.snapshot_url or ""


def _add_area(info: Element, language: str, alert: Alert, place: Place) -> None:
    area = SubElement(info, "area")
    names = {"zh": place.school_zh, "en": place.school_en}
    where = [in_language(names, language) or alert.school, plain(place.zone or alert.zone or "")]
    _add(area, "areaDesc", " ".join(filter(None, where)))
    if place.latitude is not None and place.longitude is not None:
        # A radius of nothing: the school is a point on the map, its grounds are not known.
        _add(area, "circle", f"{place.latitude},{place.longitude} 0")
    _add_value(area, "geocode", "campus-safety:school", alert.school)


def _message_type(told: Sequence[tuple[int, Transition]]) -> str:
    if _is_over(told[-1][1]):
        return "Cancel"
    return "Alert" if len(told) == 1 else "Update"


def _is_over(step: Transition) -> bool:
    return step.condition == "resolved" or step.change == "closed"


def _identifier(alert: Alert, number: int) -> str:
    return f"alert-{alert.id}-{number}"


def _time(moment: datetime, place: Place) -> str:
    """As CAP wants it: whole seconds with an offset, that of UTC written -00:00."""
    written = place.local(moment).isoformat(timespec="seconds")
    return written.replace("+00:00", "-00:00")


def _add(parent: Element, name: str, text: str) -> None:
    """An element with its text; none where there is nothing to say."""
    if text:
        SubElement(parent, name).text = _allowed(text)


def _add_value(parent: Element, name: str, value_name: str, value: str) -> None:
    if value:
        pair = SubElement(parent, name)
        _add(pair, "valueName", value_name)
        _add(pair, "value", value)


def _allowed(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold, not even escaped."""
    return "".join(char for char in text if char in "\t\n\r" or _is_allowed(ord(char)))


def _is_allowed(code: int) -> bool:
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
