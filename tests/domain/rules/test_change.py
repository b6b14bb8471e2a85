"""Rule kind change: steps from one value to the next, and the way back."""

from tests.domain.rules.world import at, engine, play, reading

DROP = (
    "kind: change, match: {kind: inspection_graded}, key: [school, attributes.cafeteria], "
    "raise: [{severity: minor, falls_by: 1}, {severity: major, falls_by: 2}]"
)
RISE = "kind: change, match: {kind: temperature}, raise: [{severity: minor, rises_by: 0.1}]"


def grade(minutes, value, **fields):
    return reading(minutes, value, kind="inspection_graded", attributes={"cafeteria": "c-1"}, **fields)


def test_a_first_value_is_no_change():
    assert play(engine(DROP), [grade(0, 1)], 10) == []


def test_the_gravest_level_reached_wins():
    assert play(engine(DROP), [grade(0, 3), grade(1, 1)], 10) == [(1, "firing", "major")]


def test_it_resolves_when_the_value_is_back_where_it_was():
    found = play(engine(DROP), [grade(0, 3), grade(1, 2), grade(2, 2), grade(3, 3)], 10)
    assert found == [(1, "firing", "minor"), (3, "resolved", "minor")]


def test_a_second_fall_raises_the_severity_and_keeps_the_first_value_as_the_way_back():
    found = play(engine(DROP), [grade(0, 3), grade(1, 2), grade(2, 0), grade(3, 2), grade(4, 3)], 10)
    assert found == [(1, "firing", "minor"), (2, "again", "major"), (4, "resolved", "major")]


def test_the_finding_says_from_what_to_what():
    running = engine(DROP)
    found = running.observe([grade(0, 3), grade(1, 1)], at(1))
    assert found[0].detail == {"from": 3, "to": 1}
    assert found[0].key == ("s-1", "c-1")


def test_a_rise_by_exactly_the_limit_counts_in_binary_too():
    found = play(engine(RISE), [reading(0, 0.2), reading(1, 0.3), reading(2, 0.2)], 10)
    assert found == [(1, "firing", "minor"), (2, "resolved", "minor")]


def test_an_older_value_is_not_the_previous_one():
    assert play(engine(DROP), [grade(5, 3), grade(6, 1, occurred=2)], 10) == []


def test_a_retained_value_is_remembered_and_raises_only_against_an_older_one():
    assert play(engine(DROP), [grade(0, 3, retained=True), grade(1, 1)], 10) == [(1, "firing", "major")]
    assert play(engine(DROP), [grade(0, 3), grade(1, 1, retained=True, clock_suspect=True)], 10) == []
    assert play(engine(DROP), [grade(0, 3), grade(9, 1, retained=True, occurred=0)], 10) == []
