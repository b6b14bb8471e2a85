"""The chain over inspection records: what is hashed stays what it is, and the first fault is named."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_service.domain.chain import (
    CHAINED,
    GENESIS,
    Head,
    Link,
    canonical,
    chain_hash,
    first_fault,
    read_head,
)
from safety_service.domain.errors import Refused


def record(number: int, **more: Any) -> dict[str, Any]:
    return {
        "chain_number": number,
        "id": 10 + number,
        "visited_on": date(2026, 9, 1),
        "submitted_at": datetime(2026, 9, 1, 4, 0, 0, 5, tzinfo=UTC),
        "score": "9.0",
        "result": {"b": [1, None], "a": "李"},
        "note": None,
        **more,
    }


def links(count: int) -> list[Link]:
    found, previous = [], GENESIS
    for number in range(1, count + 1):
        previous = chain_hash(previous, record(number))
        found.append(Link(number, 10 + number, previous, record(number)))
    return found


def head_of(chain: list[Link]) -> Head:
    return Head(chain[-1].number, chain[-1].hash)


def test_the_form_that_is_hashed_never_changes() -> None:
    assert (
        canonical(record(1, unknown="left out", latitude=35.0))
        == (
            '{"chain_number":1,"id":11,"latitude":35,"result":{"a":"李","b":[1,null]},"score":"9.0",'
            '"submitted_at":"2026-09-01T04:00:00.000005Z","visited_on":"2026-09-01"}'
        ).encode()
    )
    assert (
        chain_hash(GENESIS, record(1)) == "ab2b12e6c4f6881dfd38a171ec106166b22cfcb8514feebffaeb08eb78d01345"
    )


NUMBERS = st.one_of(st.integers(-(2**53) + 1, 2**53 - 1), st.floats(allow_nan=False, allow_infinity=False))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=12,
)


@given(JSON)
def test_a_whole_number_is_one_however_a_database_gives_it_back(value: Any) -> None:
    """35.0 and 35 make one hash, wherever they stand; what only looks like a number stays as it is."""

    def as_integers(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: as_integers(inner) for name, inner in part.items()}
        if isinstance(part, list):
            return [as_integers(inner) for inner in part]
        whole = isinstance(part, float) and part.is_integer() and abs(part) < 2**53
        return int(part) if whole else part

    assert canonical(record(1, result=[value])) == canonical(record(1, result=[as_integers(value)]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"latitude": 35.0}, {"latitude": 35}),
        ({"longitude": -0.0}, {"longitude": 0.0}),
        ({"result": {"a": 1, "b": 2}}, {"result": {"b": 2, "a": 1.0}}),
        ({"attachments": ({"size": 3},)}, {"attachments": [{"size": 3}]}),
    ],
)
def test_what_a_database_may_write_differently_is_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize("field", CHAINED)
def test_every_field_counts(field: str) -> None:
    assert chain_hash(GENESIS, {field: "a"}) != chain_hash(GENESIS, {field: "b"})


def test_a_whole_chain_has_no_fault() -> None:
    chain = links(3)
    assert first_fault(chain, head_of(chain)) is None
    assert first_fault(chain, head_of(chain), Head(2, chain[1].hash)) is None
    assert first_fault([], Head(0, GENESIS)) is None
    assert first_fault(chain, head_of(chain), Head(0, GENESIS)) is None


def changed(chain: list[Link]) -> list[Link]:
    second = chain[1]
    return [chain[0], Link(2, second.inspection, second.hash, {**second.record, "score": "9.9"}), chain[2]]


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (changed, "inspection 12 (number 2) is not as it was recorded"),
        (lambda chain: chain[1:], "number 1 is missing at the beginning: what stood there was removed"),
        (lambda chain: [chain[0], chain[2]], "number 2 is missing behind inspection 11: "),
        (lambda chain: chain[:1], "numbers 2 to 3 are missing behind inspection 11: "),
        (lambda chain: [], "numbers 1 to 3 are missing at the beginning: "),
    ],
)
def test_the_first_fault_is_named(harm: Callable[[list[Link]], list[Link]], told: str) -> None:
    chain = links(3)
    assert (first_fault(harm(chain), head_of(chain)) or "").startswith(told)


def test_a_chain_that_was_written_anew_shows_by_an_older_head() -> None:
    kept, chain, previous = head_of(links(2)), [], GENESIS
    for number in range(1, 4):
        other = record(number, score="9.9")
        previous = chain_hash(previous, other)
        chain.append(Link(number, 10 + number, previous, other))
    assert first_fault(chain, head_of(chain)) is None
    told = first_fault(chain, head_of(chain), kept) or ""
    assert told.startswith("number 2 (inspection 12) has not the hash of the exported head")


def test_records_that_a_head_knew_and_the_database_forgot() -> None:
    chain = links(3)
    told = first_fault(chain[:2], head_of(chain[:2]), head_of(chain)) or ""
    assert told.startswith("number 3 is missing behind inspection 12")


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"\xff", b'{"number": 1}', b'{"number": 1, "hash": "ab"}', b'{"number": -1}']
)
def test_a_file_that_is_no_head_is_refused(text: bytes) -> None:
    with pytest.raises(Refused, match=r"head\.json: is not an exported head"):
        read_head(text, "head.json")


def test_a_head_is_read_as_it_was_exported() -> None:
    text = f'{{"number": 2, "hash": "{GENESIS}", "inspection": 12, "at": "2026-09-01T04:00:00Z"}}'
    assert read_head(text, "h") == Head(2, GENESIS, 12, datetime(2026, 9, 1, 4, tzinfo=UTC))
