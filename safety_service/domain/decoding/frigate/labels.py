"""Frigate's labels as event kinds. Names of recognised people are never kept: most of them are children."""

from collections.abc import Iterable
from typing import Any

from safety_service.domain.decoding.cleaning import clean_value

OBJECT_KINDS = {
    "person": "person",
    "face": "person",
    "car": "vehicle",
    "truck": "vehicle",
    "bus": "vehicle",
    "motorcycle": "vehicle",
    "bicycle": "vehicle",
    "license_plate": "vehicle",
    "school_bus": "vehicle",
    # Of models trained for it.
    "fire": "fire",
    "flame": "fire",
    "smoke": "smoke",
}
# Only sounds that are themselves an alarm: children scream and yell at play all day, so these stay `other`
# with their label, for a school that wants a rule on them.
AUDIO_KINDS = {"fire_alarm": "fire", "smoke_detector": "smoke"}
RANK = {"fire": 0, "smoke": 1, "person": 2, "vehicle": 3}


def label_of(raw: str) -> str:
    """The plain label: `person-verified` only says that a sub label was found too."""
    return str(clean_value(raw)).removesuffix("-verified")


def kind_of(objects: Iterable[str], audio: Iterable[str]) -> tuple[str, str | None]:
    """The gravest kind among the labels, and the label itself where no kind is known for any of them.

    One review is one event: what is heard as an alarm goes before people, people before vehicles.
    """
    things = [label_of(label) for label in objects]
    sounds = [label_of(label) for label in audio]
    kinds = [OBJECT_KINDS[label] for label in things if label in OBJECT_KINDS]
    kinds += [AUDIO_KINDS[label] for label in sounds if label in AUDIO_KINDS]
    if kinds:
        return min(kinds, key=RANK.__getitem__), None
    return "other", next(iter([*things, *sounds]), None)


def recognition(sub_label: Any) -> tuple[str | None, float | None]:
    """`known` or `unknown` and the score, from null, a text, or [text, score]; the name is left behind."""
    name, score = sub_label, None
    if isinstance(sub_label, list):
        name = sub_label[0] if sub_label else None
        score = sub_label[1] if len(sub_label) > 1 else None
    if not isinstance(name, str) or not name:
        return None, None
    is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
    return ("unknown" if name.lower() == "unknown" else "known"), score if is_number else None
