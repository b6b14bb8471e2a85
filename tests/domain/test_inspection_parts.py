"""What an inspection says beside its answers: read exactly, refused with place and reason."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.inspection_parts import Attached, FollowUp, Place
from safety_service.domain.inspections import (
    check_items_named,
    check_times,
    client_id_of,
    fingerprint,
    read_submission,
)
from safety_service.domain.scoring.book import pick
from safety_service.services.schemes import known_schemes

NOW = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
HASH = "9f" * 32
FILE = {"sha256": HASH, "media_type": "image/jpeg", "size": 3, "role": "photo"}


def problems_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        read_submission(body)
    return refusal.value.problems


def test_every_part_is_read() -> None:
    read = read_submission(
        {
            "inspector": " 李敏 ",
            "inspectors": ["赵刚", "李敏"],
            "place": {"latitude": 35.0662, "longitude": "116.3117", "accuracy_m": 12},
            "started_at": "2026-09-01T08:05:00+08:00",
            "finished_at": "2026-09-01T00:52:00Z",
            "attachments": [FILE, {**FILE, "item": "2.1"}, {**FILE, "role": "signature", "item": None}],
            "items": [
                {"code": "2.1", "result": "fail", "owner": "王强", "due": "2026-09-15"},
                {"code": "2.2"},
            ],
            "corrects": 7,
            "note": "a key item was overlooked",
            "date": "2026-09-01",
        }
    )
    assert read.inspectors == ("李敏", "赵刚")
    assert read.place == Place(35.0662, 116.3117, 12.0)
    assert read.started_at == datetime(2026, 9, 1, 0, 5, tzinfo=UTC)
    assert read.finished_at == datetime(2026, 9, 1, 0, 52, tzinfo=UTC)
    assert [(file.role, file.item) for file in read.attachments] == [
        ("photo", None), ("photo", "2.1"), ("signature", None),
    ]  # fmt: skip
    assert read.attachments[0] == Attached(HASH, "image/jpeg", 3, "photo")
    assert read.follow_ups == {"2.1": FollowUp(0, "王强", date(2026, 9, 15))}
    assert read.form == {
        "items": [{"code": "2.1", "result": "fail"}, {"code": "2.2"}],
        "date": "2026-09-01",
    }
    assert read.corrects == 7


@pytest.mark.parametrize(
    ("body", "place", "reason"),
    [
        ({"inspectors": "李敏"}, "inspectors", "a list of names is needed"),
        ({"inspectors": ["李敏", 7]}, "inspectors[1]", '"7" is not a text'),
        ({"inspectors": ["李敏", " "]}, "inspectors[1]", "is empty"),
        ({"inspectors": list("abcde")}, "inspectors", "5 people are named, one form has at most 4"),
        ({"inspector": "e", "inspectors": list("abcd")}, "inspectors", "5 people are named"),
        ({"place": []}, "place", "is not an object with latitude and longitude"),
        ({"place": {"latitude": 35}}, "place.longitude", "is missing"),
        ({"place": {"latitude": 95, "longitude": 1}}, "place.latitude", "95 is not between -90 and 90"),
        ({"place": {"latitude": True, "longitude": 1}}, "place.latitude", '"True" is not a number'),
        ({"place": {"latitude": 1, "longitude": float("nan")}}, "place.longitude", '"nan" is not a number'),
        (
            {"place": {"latitude": 1, "longitude": 1, "accuracy_m": -1}},
            "place.accuracy_m",
            "-1 is not between",
        ),
        (
            {"place": {"latitude": 1, "longitude": 1, "height": 3}},
            "place.height",
            "is not a field of a place",
        ),
        ({"started_at": "08:05"}, "started_at", '"08:05" is not a time with its offset (RFC 3339)'),
        ({"finished_at": "2026-09-01T08:05:00"}, "finished_at", "is not a time with its offset"),
        ({"finished_at": 1788220800}, "finished_at", "is not a time with its offset"),
        ({"started_at": "0001-01-01T00:00:00+08:00"}, "started_at", "is not a time with its offset"),
        ({"corrects": "7", "note": "n"}, "corrects", '"7" is not the number of an inspection'),
        ({"corrects": True, "note": "n"}, "corrects", "is not the number of an inspection"),
        ({"corrects": 2**63, "note": "n"}, "corrects", "is not the number of an inspection"),
        ({"corrects": 7}, "note", "is missing: a correction says why it is made"),
        ({"attachments": {}}, "attachments", "a list of files"),
        ({"attachments": [FILE] * 101}, "attachments", "101 files are named, 100 are allowed"),
        ({"attachments": [FILE, FILE]}, "attachments[1]", "is named twice"),
        ({"attachments": [7]}, "attachments[0]", "is not an object"),
        ({"attachments": [{**FILE, "sha256": "9F" * 32}]}, "attachments[0].sha256", "is not a SHA-256"),
        ({"attachments": [{**FILE, "size": 0}]}, "attachments[0].size", '"0" is not a number of bytes'),
        (
            {"attachments": [{**FILE, "media_type": "image/gif"}]},
            "attachments[0].media_type",
            "is not one of",
        ),
        ({"attachments": [{**FILE, "role": "video"}]}, "attachments[0].role", '"video" is not one of photo'),
        ({"attachments": [{**FILE, "url": "x"}]}, "attachments[0].url", "is not a field of a file"),
        ({"items": [{"code": "2.1", "due": "soon"}]}, "items[0].due", '"soon" is not a date'),
        ({"items": [{"code": "2.1", "owner": 7}]}, "items[0].owner", '"7" is not a text'),
    ],
)
def test_what_is_wrong_is_refused(body: dict[str, Any], place: str, reason: str) -> None:
    found = dict(problems_of(body))
    assert reason in found[place]


def test_everything_wrong_is_named_at_once() -> None:
    body = {"inspectors": 1, "place": 1, "started_at": 1, "attachments": 1, "corrects": 0, "note": 1}
    assert [place for place, _ in problems_of(body)] == [
        "note", "inspectors", "place", "started_at", "corrects", "attachments",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("times", "place"),
    [
        ({"started_at": "2026-09-01T04:15:01Z"}, "started_at"),
        ({"finished_at": "2026-09-02T04:00:00Z"}, "finished_at"),
        ({"started_at": "2026-09-01T03:00:00Z", "finished_at": "2026-09-01T02:59:59Z"}, "finished_at"),
    ],
)
def test_times_that_cannot_be(times: dict[str, str], place: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_times(read_submission(times), NOW)
    assert refusal.value.place == place


def test_a_clock_that_is_a_little_fast_is_forgiven() -> None:
    check_times(read_submission({"finished_at": "2026-09-01T04:15:00Z"}), NOW)


@pytest.mark.parametrize(
    ("body", "place", "reason"),
    [
        ({"attachments": [{**FILE, "item": "0.1"}]}, "attachments[0].item", '"0.1" is not in scheme'),
        (
            {"items": [{"code": "2.2"}, {"code": "2.1", "due": "2026-08-31"}]},
            "items[1].due",
            "2026-08-31 is before the visit on 2026-09-01",
        ),
        (
            {"items": [{"code": "2.1", "due": "2027-09-03"}]},
            "items[0].due",
            "2027-09-03 is more than 366 days after the visit",
        ),
    ],
)
def test_what_does_not_fit_the_form(body: dict[str, Any], place: str, reason: str) -> None:
    scheme = pick(known_schemes(), "cn.dynamic_2012")
    with pytest.raises(Refused) as refusal:
        check_items_named(scheme, read_submission(body), date(2026, 9, 1))
    assert refusal.value.place == place
    assert refusal.value.reason.startswith(reason)


@pytest.mark.parametrize(
    "items", [7, None, "x", {"code": "2.1"}, [7, None, [], {"code": ["2.1"], "due": "2026-08-02"}]]
)
def test_items_of_any_shape_are_left_to_the_scheme(items: Any) -> None:
    read = read_submission({"items": items})
    check_items_named(pick(known_schemes(), "cn.dynamic_2012"), read, date(2026, 9, 1))
    assert read.follow_ups == {}


def test_the_order_of_files_changes_nothing() -> None:
    other = {**FILE, "item": "2.1"}
    assert fingerprint({"attachments": [FILE, other]}) == fingerprint({"attachments": [other, FILE]})
    assert fingerprint({"attachments": [FILE]}) != fingerprint({"attachments": [other]})


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"id": " a "}, "a"),
        ({"id": 7}, None),
        ({"id": "\x00"}, None),
        ({"id": ""}, None),
        ([], None),
        ({}, None),
    ],
)
def test_the_id_of_a_body_in_which_anything_else_may_be_wrong(body: Any, found: str | None) -> None:
    assert client_id_of(body) == found
