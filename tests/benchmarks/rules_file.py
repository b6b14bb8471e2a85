"""Fifty rules: the built-in set, and more over the kinds that a load consists of: each event is judged.

The added ones look at every event of their kind and keep state, but what a load says does not make them fire:
measured is the judging, not the history of alerts.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

RULES = 50

_ADDED: tuple[dict[str, Any], ...] = (
    {"kind": "threshold", "match": {"kind": "temperature"}, "raise": [{"severity": "minor", "above": 8}]},
    {
        "kind": "threshold",
        "match": {"kind": "temperature"},
        "raise": [{"severity": "minor", "below": 1, "for": "5m"}],
        "clear": {"at_or_above": 2, "for": "1m"},
    },
    {
        "kind": "threshold",
        "match": {"kind": "humidity"},
        "raise": [
            {"severity": "major", "above": 95, "for": "1m"},
            {"severity": "minor", "above": 85, "for": "5m"},
        ],
    },
    {"kind": "threshold", "match": {"kind": "humidity"}, "raise": [{"severity": "warning", "below": 10}]},
    {"kind": "change", "match": {"kind": "temperature"}, "raise": [{"severity": "minor", "rises_by": 10}]},
    {"kind": "change", "match": {"kind": "humidity"}, "raise": [{"severity": "minor", "falls_by": 60}]},
    {"kind": "change", "match": {"kind": "temperature"}, "raise": [{"severity": "minor", "falls_by": 10}]},
    {"kind": "event", "match": {"kind": "line_crossing", "zone": "exam_room"}, "severity": "major"},
    {"kind": "event", "match": {"kind": "door_open", "zone": "exam_room"}, "severity": "major"},
    {"kind": "event", "match": {"kind": "vehicle", "zone": "dormitory"}, "severity": "minor"},
    {"kind": "event", "match": {"kind": "person", "zone": "exam_store"}, "severity": "major"},
    {"kind": "event", "match": {"kind": "motion", "attributes.armed": True}, "severity": "minor"},
    {"kind": "event", "match": {"kind": "occupancy", "zone": "laboratory"}, "severity": "warning"},
    {"kind": "absence", "match": {"kind": "temperature"}, "severity": "warning", "silent_for": "1d"},
)


def write(directory: Path) -> Path:
    """A rule file with exactly RULES rules."""
    built_in: list[dict[str, Any]] = yaml.safe_load(
        (files("safety_service") / "data" / "rules" / "default.yaml").read_text(encoding="utf-8")
    )["rules"]
    added = [
        {"id": f"bench-{number}", "title": {"zh": f"基准{number}", "en": f"Benchmark {number}"}, **rule}
        for number, rule in enumerate(_ADDED, 1)
    ]
    rules = [*built_in, *added][:RULES]
    assert len(rules) == RULES
    path = directory / "fifty_rules.yaml"
    path.write_text(yaml.safe_dump({"rules": rules}, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
