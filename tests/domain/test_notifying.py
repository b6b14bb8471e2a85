"""Who is told of a transition: every case of the decision."""

from datetime import UTC, datetime

import msgspec
import pytest

from safety_service.domain.notifying import Receiver, receivers_of
from safety_service.domain.types import Alert, Change, Transition

NOW = datetime(2026, 9, 1, tzinfo=UTC)
ALERT = Alert(
    id=1,
    rule="r",
    rule_version="1",
    key=("s1", "d"),
    school="s1",
    kind="fire",
    title={"zh": "火", "en": "Fire"},
    severity="major",
    condition="firing",
    raised_at=NOW,
    last_seen_at=NOW,
)
EVERYONE = Receiver(
    channel="all", recipient="", schools=frozenset(), min_severity="warning", send_resolved=True
)


def step(change: Change, severity: str = "major") -> Transition:
    return Transition(change=change, at=NOW, severity=severity, condition="firing")  # type: ignore[arg-type]


def told(
    transition: Transition,
    receiver: Receiver = EVERYONE,
    alert: Alert = ALERT,
    named: list[str] | None = None,
) -> bool:
    return bool(receivers_of(alert, transition, named, [receiver]))


@pytest.mark.parametrize("change", ["raised", "severity_raised", "reopened", "resolved"])
def test_what_happens_is_told(change: Change) -> None:
    assert told(step(change))


@pytest.mark.parametrize("change", ["acknowledged", "assigned", "commented", "closed"])
def test_what_people_do_is_not(change: Change) -> None:
    assert not told(step(change))


@pytest.mark.parametrize(("severity", "expected"), [("minor", False), ("major", True), ("critical", True)])
def test_a_receiver_may_want_grave_things_only(severity: str, expected: bool) -> None:
    assert told(step("raised", severity), msgspec.structs.replace(EVERYONE, min_severity="major")) is expected


def test_a_receiver_may_want_no_resolves_and_some_schools_only() -> None:
    assert not told(step("resolved"), msgspec.structs.replace(EVERYONE, send_resolved=False))
    assert told(step("raised"), msgspec.structs.replace(EVERYONE, schools=frozenset({"s1"})))
    assert not told(step("raised"), msgspec.structs.replace(EVERYONE, schools=frozenset({"s2"})))


def test_a_rule_may_name_its_channels() -> None:
    assert told(step("raised"), named=["all"])
    assert not told(step("raised"), named=["other"])
    assert not told(step("raised"), named=[])


def test_suppression_stops_the_sending_but_never_the_all_clear() -> None:
    silenced = msgspec.structs.replace(step("raised"), detail={"suppressed_by": "silence:1"})
    assert not told(silenced)
    assert receivers_of(ALERT, silenced, None, [EVERYONE], released=True) == [EVERYONE]
    assert told(step("resolved"), alert=msgspec.structs.replace(ALERT, suppressed_by="silence:1"))
