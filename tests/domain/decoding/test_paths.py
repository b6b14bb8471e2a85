"""The path language of vendor profiles: what it finds, and what it refuses to be."""

from typing import Any

import pytest

from safety_service.domain.decoding.paths import MOST_VALUES, all_of, every, first, parse_path

PAYLOAD: dict[str, Any] = {
    "id": 7,
    "none": None,
    "empty": "",
    "zero": 0,
    "false": False,
    "box": {"name": "b", "a.b": {"c d": 1}},
    "list": [{"x": 1, "y": []}, {"x": 2}, "text", {"x": None}, {"x": 3}],
    "nested": [[{"z": 1}], [{"z": 2}, {"z": 3}]],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id", 7),
        ("box.name", "b"),
        ('box."a.b"."c d"', 1),
        ("list[1].x", 2),
        ("list[9].x", None),
        ("list[*].x", 1),
        ("nested[*][1].z", 3),
        ("nested[*][*].z", 1),
        ("none | empty | box.name", "b"),
        ("missing|id", 7),
        ("zero", 0),
        ("false", False),
        ("none", None),
        ("empty", None),
        ("id.deeper", None),
        ("box[0]", None),
        ("list.x", None),
        ("$.id", 7),
        ("missing | $.box.name", "b"),
        ("$", PAYLOAD),
    ],
)
def test_first(text: str, expected: Any) -> None:
    assert first(parse_path(text), PAYLOAD, PAYLOAD) == expected


def test_a_path_from_the_root_does_not_begin_at_the_part() -> None:
    part = PAYLOAD["list"][0]
    assert first(parse_path("x"), part, PAYLOAD) == 1
    assert first(parse_path("id"), part, PAYLOAD) is None
    assert first(parse_path("id | $.id"), part, PAYLOAD) == 7


def test_every_takes_one_alternative_and_all_of_takes_each() -> None:
    path = parse_path("missing[*].x | list[*].x | id")
    assert every(path, PAYLOAD, PAYLOAD) == [1, 2, 3]
    assert list(all_of(path, PAYLOAD, PAYLOAD)) == [1, 2, 3, 7]
    assert every(parse_path("missing"), PAYLOAD, PAYLOAD) == []


def test_no_payload_is_followed_without_end() -> None:
    many = {"a": [{"b": number} for number in range(1, 10 * MOST_VALUES)]}
    path = parse_path("a[*].b | a[*].b")
    assert len(every(path, many, many)) == len(list(all_of(path, many, many))) == MOST_VALUES


@pytest.mark.parametrize("part", [None, 5, "text", [], [[]]])
def test_a_part_of_another_shape_holds_nothing(part: Any) -> None:
    for text in ("id", "id.x", "id[0]", "[*].x", "id | list[*].x"):
        assert first(parse_path(text), part, part) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a |",
        "| a",
        "a..b",
        ".a",
        "a.",
        "a[",
        "a[x]",
        "a[-1]",
        "a[1",
        "a]b",
        'a."b',
        "a b",
        "a" * 2001,
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"path|quote|field name|dot|alternative"):
        parse_path(text)
