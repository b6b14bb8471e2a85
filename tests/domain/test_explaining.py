"""Why an alert is there: the numbers of each kind of rule, and the sentence a duty officer reads."""

from datetime import UTC, datetime, timedelta

import pytest

from safety_service.domain.explaining import (
    decided,
    grounds_of,
    key_names,
    kinds_behind,
    looks_back,
    with_unit,
)
from safety_service.domain.sentences import Scene, sentence, spoken
from safety_service.domain.types import Transition

NOW = datetime(2026, 9, 1, tzinfo=UTC)
MINUTES = timedelta(minutes=1)
WARM = {
    "id": "warm",
    "kind": "threshold",
    "match": {"kind": "temperature"},
    "raise": [
        {"severity": "critical", "above": 12, "for": "5m"},
        {"severity": "minor", "above": 8},
        {"severity": "minor", "below": -30, "for": "1h"},
    ],
}
COUNT = {
    "kind": "count",
    "match": {"kind": "intrusion"},
    "window": "10m",
    "raise": [{"severity": "major", "at_least": 5}, {"severity": "critical", "at_least": 10}],
}
SILENT = {"kind": "absence", "match": {"format": "native"}, "severity": "warning", "silent_for": "15m"}
FELL = {
    "kind": "change",
    "match": {"kind": "temperature"},
    "raise": [{"severity": "major", "falls_by": 3}, {"severity": "minor", "rises_by": 2}],
}
BOTH = {
    "kind": "together",
    "all": [{"kind": "smoke"}, {"kind": ["fire", "smoke"]}],
    "within": "1s",
    "severity": "critical",
}


OVERDUE = {"kind": "overdue", "of": "duty", "severity": "minor"}


def step(severity="critical", change="raised", actor="system", **detail):
    return Transition(
        change=change, at=NOW, severity=severity, condition="firing", actor=actor, detail=detail
    )


def scene(**fields):
    usual = {
        "place": {"zh": "冷藏库", "en": "Cold store"},
        "device": "t-1",
        "kind": {"zh": "温度", "en": "Temperature"},
        "title": {"zh": "冷藏超温", "en": "Cold store too warm"},
    }
    return Scene(**usual | fields)


def said(definition, transition, **about):
    return sentence(grounds_of(1, transition, definition), scene(**about))


def test_a_threshold_tells_value_limit_and_since_when():
    found = grounds_of(7, step(value=12.4, unit="°C"), WARM)
    assert (found.transition, found.value, found.unit, found.limits) == (7, 12.4, "°C", {"above": 12})
    assert (found.lasting, found.since) == (5 * MINUTES, NOW - 5 * MINUTES)
    assert said(WARM, step(value=12.4, unit="°C")) == {
        "zh": "冷藏库温度 12.4 °C 高于 12 °C 已持续 5 分钟",
        "en": "Cold store: Temperature 12.4 °C, above 12 °C for 5 min",
    }


def test_of_several_levels_of_a_severity_the_one_that_holds_is_told():
    assert grounds_of(1, step("minor", value=9.0), WARM).limits == {"above": 8}
    assert grounds_of(1, step("minor", value=-31.0), WARM).limits == {"below": -30}
    assert said(WARM, step("minor", value=9.0), place={"zh": "t-1", "en": "t-1"}) == {
        "zh": "t-1 温度 9 高于 8",
        "en": "t-1: Temperature 9, above 8",
    }
    band = {"kind": "threshold", "raise": [{"severity": "minor", "at_or_above": 3, "below": 5}]}
    assert said(band, step("minor", value=4))["zh"] == "冷藏库温度 4 达到或高于 3 且低于 5"


def test_a_count_tells_how_many_in_which_window():
    intrusion = {"zh": "区域入侵", "en": "Intrusion"}
    assert said(COUNT, step("critical", matches=11), kind=intrusion) == {
        "zh": "冷藏库区域入侵 10 分钟内 11 次，界限 10",
        "en": "Cold store: Intrusion, 11 times within 10 min, limit 10",
    }
    assert said(COUNT | {"distinct": "device"}, step("major", matches=5), kind=intrusion) == {
        "zh": "冷藏库区域入侵 10 分钟内 5 个不同的设备，界限 5",
        "en": "Cold store: Intrusion, 5 different devices within 10 min, limit 5",
    }


def test_an_absence_tells_how_long_it_has_been_silent():
    since = NOW - timedelta(minutes=75)
    found = grounds_of(1, step("warning", silent_since=since.isoformat()), SILENT)
    assert (found.silent_since, found.silent_for) == (since, 15 * MINUTES)
    assert sentence(found, scene()) == {
        "zh": "设备 t-1（冷藏库）已 1 小时 15 分钟没有消息，上限 15 分钟",
        "en": "Device t-1 (Cold store) not heard of for 1 h 15 min, at most 15 min",
    }
    assert said(SILENT, step("warning"), place={"zh": "t-1", "en": "t-1"})["zh"] == (
        "设备 t-1 已 15 分钟没有消息，上限 15 分钟"
    )


def test_a_change_tells_from_where_to_where():
    assert said(FELL, step("major", **{"from": 9.0, "to": 5.5, "unit": "°C"})) == {
        "zh": "冷藏库温度从 9 °C 降到 5.5 °C，变化 3.5 °C，界限 3 °C",
        "en": "Cold store: Temperature fell from 9 °C to 5.5 °C, by 3.5 °C, limit 3 °C",
    }
    rose = grounds_of(1, step("minor", **{"from": 1.0, "to": 3.0}), FELL)
    assert (rose.before, rose.value, rose.rises_by, rose.falls_by) == (1, 3, 2, None)


def test_things_together_are_named():
    parts = [{"zh": "烟雾", "en": "Smoke"}, {"zh": "火情", "en": "Fire"}]
    assert grounds_of(1, step(), BOTH).parts == ["smoke", "fire"]
    assert said(BOTH, step(), parts=parts) == {
        "zh": "冷藏库：1 秒内先后出现烟雾、火情",
        "en": "Cold store: Smoke and Fire within 1 s",
    }


def test_what_is_owed_is_told_by_its_own_title():
    late = {"title": {"zh": "食堂 留样", "en": "Canteen, samples"}, "due_at": NOW.isoformat()}
    found = grounds_of(1, step("minor", late_by=5400.0, **late), OVERDUE)
    assert (found.due_at, found.late_by) == (NOW, 90 * MINUTES)
    assert said(OVERDUE, step("minor", late_by=5400.0, **late)) == {
        "zh": "冷藏库：食堂 留样，逾期 1 小时 30 分钟未完成",
        "en": "Cold store: Canteen, samples: not done, 1 h 30 min overdue",
    }
    assert said(OVERDUE, step("minor", late_by=0.0, **late))["zh"] == "冷藏库：食堂 留样，到期未完成"
    assert kinds_behind(OVERDUE, "duty_overdue") == []
    assert key_names(OVERDUE) == ["school", "event_id"]


def test_an_event_tells_what_and_how_often():
    rule = {"kind": "event", "match": {"kind": "panic_button"}, "severity": "critical"}
    button = {"zh": "一键报警", "en": "Panic button"}
    assert said(rule, step(), kind=button) == {"zh": "冷藏库：一键报警", "en": "Cold store: Panic button"}
    assert said(rule, step(), kind=button, count=50) == {
        "zh": "冷藏库：一键报警，至今 50 次",
        "en": "Cold store: Panic button, 50 times so far",
    }


@pytest.mark.parametrize(
    ("definition", "transition"),
    [
        (None, step()),
        (WARM, step()),
        (COUNT, step()),
        (FELL, step()),
        (BOTH, step()),
        ({"kind": "of a later version"}, step()),
    ],
)
def test_what_nothing_is_known_of_is_told_by_its_title(definition, transition):
    assert said(definition, transition)["en"] == "Cold store: Cold store too warm"
    assert said(definition, transition, place={"zh": "", "en": ""})["zh"] == "冷藏超温"


def test_without_its_rule_a_value_is_told_without_a_limit():
    assert said(None, step(value=12.4, unit="°C"))["zh"] == "冷藏库：冷藏超温，温度 12.4 °C"


def test_only_a_rule_decides():
    assert decided(step(change="reopened"))
    assert not decided(step(change="reopened", actor="duty"))
    assert not decided(step(change="resolved"))


def test_the_severity_it_rose_from_is_no_number():
    found = grounds_of(1, step(change="severity_raised", value=12.4, **{"from": "minor"}), FELL)
    assert found.before is None


@pytest.mark.parametrize(
    ("definition", "kind", "kinds"),
    [
        (None, "smoke", ["smoke"]),
        (WARM, "temperature", ["temperature"]),
        (SILENT, "device_offline", None),
        (SILENT | {"match": {"kind": "heartbeat"}}, "heartbeat", ["heartbeat"]),
        (BOTH, "fire", ["smoke", "fire"]),
        ({"kind": "event", "match": {"kind": {"not": ["smoke"]}}}, "fire", ["fire"]),
    ],
)
def test_which_events_stand_behind_it(definition, kind, kinds):
    assert kinds_behind(definition, kind) == kinds


def test_a_step_that_time_brought_gets_the_unit_of_its_reading():
    found = grounds_of(1, step(value=12.4), WARM)
    assert with_unit(found, [(20.0, "°F"), (12.4, None), (12.4, "°C")]).unit == "°C"
    assert with_unit(found, [(20.0, "°F")]).unit is None
    assert with_unit(grounds_of(1, step(), SILENT), [(None, "°C")]).unit is None


def test_the_key_always_names_the_school():
    assert key_names(None) == ["school", "device"]
    assert key_names({"key": ["zone"]}) == ["school", "zone"]
    assert key_names({"key": ["school", "kind"]}) == ["school", "kind"]


def test_it_looks_back_as_far_as_the_rule_and_a_day_at_most():
    assert looks_back(grounds_of(1, step(value=13.0), WARM)) == 15 * MINUTES
    assert looks_back(grounds_of(1, step(), SILENT | {"silent_for": "30d"})) == timedelta(days=1)


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "0 秒", "0 s"),
        (0.25, "0.25 秒", "0.25 s"),
        (90, "1 分钟 30 秒", "1 min 30 s"),
        (300, "5 分钟", "5 min"),
        (5400, "1 小时 30 分钟", "1 h 30 min"),
        (90_061, "1 天 1 小时", "1 d 1 h"),
    ],
)
def test_a_length_of_time_as_people_say_it(seconds, zh, en):
    assert spoken(timedelta(seconds=seconds)) == (zh, en)
