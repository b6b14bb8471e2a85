"""What an answer means, when to try again, whose turn it is: each case by its numbers."""

from datetime import UTC, datetime, timedelta

import pytest

from safety_service.domain.delivery import (
    HttpAnswer,
    Waiting,
    judge_http,
    kept,
    next_attempt,
    notice_of,
    slots,
    take_turns,
)
from safety_service.domain.types import SEVERITY_RANK, Alert, Transition
from tests.firing import raised

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "accepted"),
        (204, "accepted"),
        (299, "accepted"),
        (301, "failed"),
        (302, "failed"),
        (400, "failed"),
        (404, "failed"),
        (408, "retry"),
        (410, "failed"),
        (422, "failed"),
        (429, "retry"),
        (500, "retry"),
        (502, "retry"),
        (503, "retry"),
        (599, "retry"),
    ],
)
def test_the_status_decides(status: int, verdict: str) -> None:
    assert judge_http(HttpAnswer(status, "text"), NOW).verdict == verdict


def test_only_gone_ends_the_channel() -> None:
    assert "410" in (judge_http(HttpAnswer(410, ""), NOW).disable or "")
    assert judge_http(HttpAnswer(404, ""), NOW).disable is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("999999999999", 86400),
        ("soon", 0),
        ("-5", 0),
        ("", 0),
        (None, 0),
        ("Tue, 01 Sep 2026 08:01:30 GMT", 90),
        ("Tue, 01 Sep 2026 07:00:00 GMT", 0),
        ("½", 0),
    ],
)
def test_retry_after_in_both_forms(header: str | None, seconds: float) -> None:
    assert judge_http(HttpAnswer(429, "", header), NOW).wait_seconds == seconds


def test_an_answer_is_kept_short_and_storable() -> None:
    assert kept("a\x00b") == "a\ufffdb"
    assert len(judge_http(HttpAnswer(200, "x" * 9000), NOW).answer) == 2000


@pytest.mark.parametrize(
    ("attempts", "chance", "seconds"),
    [
        (1, 0.5, 1),
        (1, 0.0, 0.8),
        (1, 1.0, 1.2),
        (2, 0.5, 2),
        (5, 0.5, 16),
        (18, 0.5, 86400),
        (60, 1.0, 86400),
    ],
)
def test_the_pause_doubles_up_to_a_day(attempts: int, chance: float, seconds: float) -> None:
    again = next_attempt(attempts, NOW, NOW, chance=chance)
    assert again is not None
    assert (again - NOW).total_seconds() == pytest.approx(seconds)


def test_the_pause_is_no_shorter_than_asked_for() -> None:
    assert next_attempt(1, NOW, NOW, chance=0.5, wait_seconds=30) == NOW + timedelta(seconds=30)
    assert next_attempt(9, NOW, NOW, chance=0.5, wait_seconds=30) == NOW + timedelta(seconds=256)


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_it_is_tried_for_about_three_days(chance: float) -> None:
    now, attempts = NOW, 1
    while (again := next_attempt(attempts, NOW, now, chance=chance)) is not None:
        now, attempts = again, attempts + 1
    assert timedelta(days=3) <= now - NOW <= timedelta(days=4)
    assert 17 <= attempts <= 22


def test_what_waited_while_the_service_was_down_gets_its_tries_too() -> None:
    late = NOW + timedelta(days=9)
    assert next_attempt(1, NOW, late, chance=0.5) is not None
    assert next_attempt(10, NOW, late, chance=0.5) is None


def test_a_channel_in_trouble_takes_little_in_hand() -> None:
    assert slots("accepted", 0.1) > slots("accepted", 9) > slots("retry", 0.1) == 1


def row(number: int, school: str, severity: str = "major") -> Waiting:
    rank = SEVERITY_RANK[severity]
    return Waiting(id=number, school=school, critical=severity == "critical", rank=rank)


def ids(rows: list[Waiting]) -> list[int]:
    return [one.id for one in rows]


def test_schools_take_turns() -> None:
    waiting = [row(n, "a") for n in range(1, 6)] + [row(6, "b"), row(7, "c"), row(8, "c")]
    assert ids(take_turns(waiting, {}, 6)) == [1, 6, 7, 2, 8, 3]


def test_a_turn_is_remembered() -> None:
    waiting = [row(n, "a") for n in range(1, 6)] + [row(6, "b"), row(7, "c")]
    assert ids(take_turns(waiting, {"a": 4, "b": 5}, 3)) == [7, 1, 6]


def test_critical_goes_first_and_severe_before_mild() -> None:
    waiting = [row(1, "a", "minor"), row(2, "a", "major"), row(3, "b", "warning"), row(4, "b", "critical")]
    assert ids(take_turns(waiting, {}, 4)) == [4, 2, 3, 1]
    assert ids(take_turns(waiting, {}, 1)) == [4]


def test_a_storm_of_critical_alerts_leaves_a_quarter_to_others() -> None:
    waiting = [row(n, "a", "critical") for n in range(1, 31)] + [row(31, "b", "warning")]
    taken = ids(take_turns(waiting, {}, 8))
    assert taken == [1, 2, 3, 4, 5, 6, 7, 31]


def test_no_slot_no_turn() -> None:
    assert take_turns([row(1, "a"), row(2, "b", "critical")], {}, 0) == []
    assert take_turns([row(1, "a"), row(2, "b", "critical")], {}, -3) == []


def test_the_notice_tells_the_moment_not_what_came_after() -> None:
    alert = Alert(
        id=7,
        rule="smoke",
        rule_version="1",
        key=("s", "d"),
        school="s",
        kind="smoke",
        title={"zh": "烟雾", "en": "Smoke"},
        severity="critical",
        condition="resolved",
        raised_at=NOW,
        last_seen_at=NOW,
        resolved_at=NOW + timedelta(minutes=5),
    )
    raised = Transition(change="raised", at=NOW, severity="major", condition="firing")
    notice = notice_of(3, 12, alert, raised)
    assert (notice.id, notice.type, notice.timestamp) == ("3", "alert.raised", NOW)
    assert (notice.data["condition"], notice.data["severity"], notice.data["resolved_at"]) == (
        "firing",
        "major",
        None,
    )
    assert notice.data["title"] == {"zh": "烟雾", "en": "Smoke"}
    assert notice.data["transition"]["number"] == 12
    resolved = Transition(change="resolved", at=NOW, severity="critical", condition="resolved")
    assert notice_of(4, 13, alert, resolved).data["resolved_at"] == alert.resolved_at


def test_the_message_about_a_step_says_which_and_who_is_on_duty() -> None:
    alert = raised("370828-001").alert
    detail = {"policy": "night", "step": 2, "on_duty": [{"roster": "duty", "member": "li", "name": "Li"}]}
    step = Transition(
        change="escalated", at=NOW, severity="critical", condition="firing", reason="x", detail=detail
    )
    notice = notice_of(5, 14, alert, step)
    assert (notice.type, notice.data["transition"]["reason"]) == ("alert.escalated", "x")
    assert notice.data["transition"]["detail"] == detail
