"""Replaying events: however they are cut, and what the rules are told beside them."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety_service.domain.backtest import Handled, Replay, Surroundings, warm_up_of
from safety_service.domain.backtest_tally import Tally, step_of
from safety_service.domain.deafness import Deaf
from safety_service.domain.rules.loading import load_rules
from safety_service.domain.types import Alert, DeviceSeen, Event, Transition

START = datetime(2026, 9, 1, tzinfo=UTC)
RULES = """
rules:
  - id: press
    title: {zh: 报警, en: Press}
    kind: event
    match: {kind: panic_button}
    severity: critical
    quiet_for: 3m
  - id: silent
    title: {zh: 失联, en: Silent}
    kind: absence
    match: {format: native}
    severity: minor
    silent_for: 10m
  - id: warm
    title: {zh: 超温, en: Warm}
    kind: threshold
    match: {kind: temperature}
    raise: [{severity: minor, above: 8, for: 2m}]
"""


def at(**duration: float) -> datetime:
    return START + timedelta(**duration)


def event(kind: str, when: datetime, device: str = "d-1", value: float | None = None) -> Event:
    return Event(
        school="s",
        device=device,
        kind=kind,
        phase="pulse" if value is None else "measure",
        occurred_at=when,
        received_at=when,
        format="native",
        dedup_key="",
        value=value,
    )


def some_events(seed: int) -> list[Event]:
    chance, when, events = random.Random(seed), START, []
    for _ in range(80):
        when += timedelta(seconds=chance.choice([1, 20, 90, 700]))
        device = f"d-{chance.randrange(3)}"
        if chance.random() < 0.4:
            events.append(event("panic_button", when, device))
        else:
            events.append(event("temperature", when, device, chance.uniform(2, 14)))
    return events


def replayed(
    events: Sequence[Event], cuts: Sequence[int] = (), *, until: datetime | None = None, **around: object
) -> list[tuple[str, tuple[str, ...], str, datetime]]:
    told: list[tuple[str, tuple[str, ...], str, datetime]] = []

    def note(alert: Alert, transition: Transition) -> None:
        told.append((alert.rule, alert.key, transition.change, transition.at))

    surroundings = Surroundings(
        **{"zones": {}, "zone": UTC, "tolerance": timedelta(minutes=30), "devices": {}, **around}  # type: ignore[arg-type]
    )
    replay = Replay(load_rules(RULES, "r.yaml"), surroundings, START, note)
    places = [0, *sorted(cuts), len(events)]
    for begin, end in pairwise(places):
        replay.hear(events[begin:end])
    replay.finish(until or events[-1].received_at + timedelta(hours=1))
    return sorted(told, key=lambda one: (one[3], one[0], one[1]))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.lists(st.integers(0, 80), max_size=12))
def test_however_the_events_are_cut_the_same_comes_of_them(seed: int, cuts: list[int]) -> None:
    events = some_events(seed)
    deaf = [Deaf(events[20].received_at, events[20].received_at + timedelta(minutes=2), True)]
    raised = next((one for one in replayed(events) if one[0] == "press" and one[2] == "raised"), None)
    handled = []
    if raised is not None:
        rule, key, _, moment = raised
        handled = [
            Handled(
                at=moment + timedelta(seconds=30),
                rule=rule,
                key=key,
                raised_at=moment,
                change="closed",
                actor="a",
            )
        ]
    whole = replayed(events, deaf=deaf, handled=handled)
    assert whole
    assert replayed(events, cuts, deaf=deaf, handled=handled) == whole


def test_a_device_that_was_known_and_stays_silent_is_told_from_the_start() -> None:
    known = DeviceSeen(school="s", device="d-9", format="native")
    newcomer = DeviceSeen(school="s", device="d-1", format="native")
    devices = {("s", "d-9"): known, ("s", "d-1"): newcomer}
    told = replayed(
        [event("temperature", at(minutes=30), value=1)],
        devices=devices,
        newcomers={("s", "d-1")},
        until=at(minutes=39),
    )
    assert told == [("silent", ("s", "d-9"), "raised", at(minutes=10))]


@pytest.mark.parametrize(
    ("last_seen", "raised"), [(-4, 6), (-30, -20), (60, 10)], ids=["before", "long before", "later"]
)
def test_silence_counts_from_what_was_known_at_the_start(last_seen: int, raised: int) -> None:
    device = DeviceSeen(school="s", device="d-1", format="native", last_seen_at=at(minutes=last_seen))
    told = replayed(
        [event("temperature", at(minutes=60), value=1)], devices={("s", "d-1"): device}, until=at(minutes=61)
    )
    assert [(change, moment) for _, _, change, moment in told] == [
        ("raised", at(minutes=raised)),
        ("resolved", at(minutes=60)),
    ]


def test_a_close_counts_for_the_same_alert_only() -> None:
    """Pressed on while it fires: what was closed is reopened; the close of another alert changes nothing."""
    presses = [event("panic_button", at(minutes=minute)) for minute in range(0, 14, 2)]
    closed = Handled(
        at=at(seconds=30), rule="press", key=("s", "d-1"), raised_at=START, change="closed", actor="chief"
    )
    until = at(minutes=13)
    changes = [change for _, _, change, _ in replayed(presses, handled=[closed], until=until)]
    assert changes == ["raised", "closed", "reopened"]
    other = Handled(
        at=at(seconds=30),
        rule="press",
        key=("s", "d-1"),
        raised_at=at(minutes=-5),
        change="closed",
        actor="chief",
    )
    assert [change for _, _, change, _ in replayed(presses, handled=[other], until=until)] == ["raised"]


def test_the_warm_up_is_the_longest_time_that_a_rule_names() -> None:
    assert warm_up_of(load_rules(RULES, "r.yaml")) == timedelta(days=1)
    longer = RULES.replace("silent_for: 10m", "silent_for: 3d")
    assert warm_up_of(load_rules(longer, "r.yaml")) == timedelta(days=3)
    assert warm_up_of(
        load_rules(longer.replace("silent_for: 3d", "silent_for: 3d\n    enabled: false"), "r")
    ) == (timedelta(days=1))


def test_the_tally_counts_days_of_the_county_and_how_long_it_was_open() -> None:
    tally = Tally(UTC)
    alert = Alert(
        id=1, rule="r", rule_version="1", key=("s",), school="s", kind="fire", title={}, severity="major",
        condition="firing", raised_at=START, last_seen_at=START,
    )  # fmt: skip

    def step(change: str, when: datetime, actor: str = "system", **detail: object) -> None:
        made = Transition(
            change=change, at=when, severity="major", condition="firing", actor=actor, detail=detail  # type: ignore[arg-type]
        )  # fmt: skip
        tally.note(step_of(alert, made))

    step("raised", START)
    step("acknowledged", at(minutes=1), "chief")
    step("resolved", at(minutes=4))
    step("reopened", at(minutes=5))
    step("closed", at(hours=24), "chief", was_firing=True)
    step("reopened", at(hours=25), "chief")
    step("raised", at(hours=26))
    tally.finish()
    whole = tally.rules["r"]
    assert (whole.raised, whole.reopened, whole.resolved, whole.ended, whole.still_open) == (2, 1, 1, 2, 1)
    assert whole.longest_open_milliseconds == (24 * 60 - 5) * 60_000
    assert whole.open_milliseconds == whole.longest_open_milliseconds + 4 * 60_000
    assert {day: (figures.raised, figures.ended) for day, figures in tally.days.items()} == {
        "2026-09-01": (1, 1),
        "2026-09-02": (1, 1),
    }
    assert tally.total() == whole
