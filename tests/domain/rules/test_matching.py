"""The match block: every field, value, list, negation, attribute, comparison."""

import pytest

from safety_service.domain.rules.matching import check_match, compile_match
from tests.domain.rules.world import event


@pytest.mark.parametrize(
    ("match", "fields", "expected"),
    [
        ({}, {}, True),
        ({"kind": "intrusion"}, {}, True),
        ({"kind": "smoke"}, {}, False),
        ({"kind": ["smoke", "intrusion"]}, {}, True),
        ({"kind": {"not": ["smoke"]}}, {}, True),
        ({"kind": {"not": "intrusion"}}, {}, False),
        ({"school": "s-1", "device": "d-1", "format": "native"}, {}, True),
        ({"school": "s-1", "device": "d-2", "format": "native"}, {}, False),
        ({"phase": "pulse"}, {}, True),
        ({"severity_hint": "alert"}, {}, False),
        ({"severity_hint": "alert"}, {"severity_hint": "alert"}, True),
        ({"severity_hint": {"not": ["alert"]}}, {}, True),
        ({"zone": "gate"}, {"zone": "gate"}, True),
        ({"zone": "gate"}, {"zone": "north", "zone_type": "gate"}, True),
        ({"zone": "north"}, {"zone": "north", "zone_type": "gate"}, True),
        ({"zone": "gate"}, {}, False),
        ({"zone": {"not": ["gate"]}}, {"zone": "north", "zone_type": "gate"}, False),
        ({"zone": {"not": ["gate"]}}, {}, True),
        ({"attributes.open": True}, {"attributes": {"open": True}}, True),
        ({"attributes.open": True}, {"attributes": {"open": 1}}, False),
        ({"attributes.n": 1}, {"attributes": {"n": 1.0}}, True),
        ({"attributes.n": [1, 2]}, {"attributes": {"n": 3}}, False),
        ({"attributes.n": 1}, {"attributes": {}}, False),
        ({"attributes.n": {"not": [1]}}, {"attributes": {}}, True),
        ({"attributes.zones": "yard"}, {"attributes": {"zones": ["gate", "yard"]}}, True),
        ({"attributes.zones": {"not": ["yard"]}}, {"attributes": {"zones": ["gate", "yard"]}}, False),
        ({"attributes.deep": "x"}, {"attributes": {"deep": {"x": 1}}}, False),
        ({"value": {"above": 5}}, {"value": 5.0}, False),
        ({"value": {"at_or_above": 5}}, {"value": 5.0}, True),
        ({"value": {"below": 5}}, {"value": 5.0}, False),
        ({"value": {"at_or_below": 5}}, {"value": 5.0}, True),
        ({"value": {"equals": 5}}, {"value": 5.0}, True),
        ({"value": {"equals": 5}}, {"value": 5.1}, False),
        ({"value": {"above": 2, "below": 5}}, {"value": 3.0}, True),
        ({"value": {"above": 2, "below": 5}}, {"value": 5.0}, False),
        ({"value": {"above": 5}}, {}, False),
        ({"value": {"above": 5}}, {"value": float("inf")}, False),
    ],
)
def test_match(match, fields, expected):
    assert check_match(match) == []
    assert compile_match(match)(event(0, **fields)) is expected
