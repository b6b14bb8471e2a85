"""Receipts on both databases: what is committed is receipted, a gap is an alert, a repeat is answered."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from safety_service.domain.receipts import Numbering
from safety_service.domain.types import Message
from safety_service.services import ingest, rulesets
from safety_service.services.pipeline import Pipeline
from safety_service.services.receipts import Ledger, Receipt
from safety_service.store import gateways
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import LoggedMessage, RejectedMessage, StoredAlert, StoredEvent
from safety_service.store.tables_partition import Gateway
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.services.test_pipeline import House

RULES = """
rules:
  - id: sequence-gap
    title: {zh: 网关消息缺失, en: Messages of a gateway are missing}
    kind: event
    match: {kind: sequence_gap}
    severity: warning
    quiet_for: never
"""


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def message(
    *numbers: int, when: float = 0, school: str = SCHOOL, gateway: str = "gw", **event: Any
) -> Message:
    body = [
        {"specversion": "1.0", "id": f"{gateway}-{number}", "source": "dev-1", "type": "motion"}
        | {"sequence": str(number), "data": {"phase": "pulse"}}
        | event
        for number in numbers
    ]
    return Message(
        topic=f"campus/v1/{school}/native/{gateway}/events",
        payload=msgspec.json.encode(body if len(body) > 1 else body[0]),
        received_at=at(when),
        qos=1,
    )


@pytest.fixture
def house(two_schools: Engine) -> House:
    house = House(two_schools)
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        rulesets.replace(session, RULES, by="test", now=NOW)
    return house


def receipts(house: House, seconds: float, *, again: bool = False) -> list[tuple[object, ...]]:
    return [tuple(receipt) for receipt in house.pipeline.receipts_due(at(seconds), again=again)]


def test_a_receipt_follows_the_commit_and_is_told_once(house: House) -> None:
    house.receive(message(1, 2), message(3), message(1, school=OTHER_SCHOOL))
    assert receipts(house, 0) == []
    house.advance(at(1))
    due = house.pipeline.receipts_due(at(1))
    assert due == [Receipt(SCHOOL, "gw", 3), Receipt(OTHER_SCHOOL, "gw", 1)]
    assert (due[0].topic, due[0].payload) == (f"campus/v1/{SCHOOL}/receipts/gw", b'{"sequence": 3}')
    house.advance(at(2))
    assert receipts(house, 2) == []
    assert receipts(house, 3, again=True) == [(SCHOOL, "gw", 3), (OTHER_SCHOOL, "gw", 1)]


def test_a_gateway_gets_one_receipt_a_second(house: House) -> None:
    house.receive(message(1))
    house.advance(at(1))
    assert receipts(house, 1) == [(SCHOOL, "gw", 1)]
    house.receive(message(2))
    house.advance(at(1.5))
    assert receipts(house, 1.5) == []
    assert receipts(house, 2) == [(SCHOOL, "gw", 2)]


def test_a_repeat_is_answered_with_the_receipt_again(house: House) -> None:
    house.receive(message(1), message(2))
    house.advance(at(1))
    assert receipts(house, 1) == [(SCHOOL, "gw", 2)]
    house.receive(message(1))
    house.advance(at(3))
    assert receipts(house, 3) == [(SCHOOL, "gw", 2)]
    house.advance(at(5))
    assert receipts(house, 5) == []


def test_a_new_process_goes_on_where_the_old_one_was(house: House) -> None:
    house.receive(message(1), message(4), message(7, 8))
    house.advance(at(1))
    house.start()
    house.receive(message(2, 3), message(9))
    house.advance(at(2))
    assert receipts(house, 2) == [(SCHOOL, "gw", 4)]
    [row] = house.rows(Gateway)
    assert (row.covered, row.beyond, row.gap_since, row.heard_at) == (4, [[7, 9]], NOW, NOW)


def test_nothing_is_receipted_that_was_rolled_back(house: House) -> None:
    house.receive(message(1))
    house.advance(at(1))
    house.start(BreaksAfterTheLedger)
    house.receive(message(2))
    for second in (2, 3):
        with pytest.raises(RuntimeError):
            house.advance(at(second))
        assert receipts(house, second) == []
    assert house.rows(Gateway)[0].covered == 1
    house.start()
    house.advance(at(4))
    assert receipts(house, 4) == [(SCHOOL, "gw", 2)]


def test_a_gap_becomes_an_alert_and_its_filling_resolves_it(house: House) -> None:
    house.receive(message(1), message(4))
    house.advance(at(1))
    house.advance(at(59))
    assert house.rows(StoredAlert) == []
    house.advance(at(60))
    [alert] = house.rows(StoredAlert)
    assert (alert.rule, alert.school, alert.device, alert.condition) == (
        "sequence-gap",
        SCHOOL,
        "gw",
        "firing",
    )
    assert receipts(house, 60) == [(SCHOOL, "gw", 1)]
    house.advance(at(7200))
    house.receive(message(2, 3, when=7201))
    house.advance(at(7201))
    assert [row.condition for row in house.rows(StoredAlert)] == ["resolved"]
    assert receipts(house, 7201) == [(SCHOOL, "gw", 4)]
    told = sorted((e.phase, e.event_id) for e in house.rows(StoredEvent) if e.kind == "sequence_gap")
    assert told == [("end", "gap-gw-2"), ("start", "gap-gw-2")]


def test_a_gap_whose_messages_stand_in_the_backlog_is_not_told(house: House) -> None:
    house.receive(message(1), *(message(number, when=1) for number in range(3, 150)), message(2, when=2))
    assert house.advance(at(3600)).more
    house.advance(at(3600))
    assert receipts(house, 3600) == [(SCHOOL, "gw", 149)]
    assert house.rows(StoredAlert) == []


def test_what_cannot_be_read_is_committed_all_the_same(house: House) -> None:
    unreadable = [
        message(2, specversion="0.3"),
        message(3, data={"phase": "nonsense"}),
        message(4, 5, type=""),
    ]
    house.receive(message(1), *unreadable, message(6, time="half past nine"))
    house.advance(at(1))
    assert len(house.rows(RejectedMessage)) >= 4
    assert receipts(house, 1) == [(SCHOOL, "gw", 6)]
    assert receipts(house, 3) == [], "a message kept with a warning is no repeat"


def test_its_own_receipts_are_not_kept(house: House) -> None:
    own = Message(topic=f"campus/v1/{SCHOOL}/receipts/gw", payload=b'{"sequence": 3}', received_at=NOW)
    named = msgspec.structs.replace(message(1), topic=f"campus/v1/{SCHOOL}/native/receipts/events")
    write = ingest.Writer(house.engine, house.partition, "county", 0)
    assert write([own]) == 0
    write([own, named])
    assert [row.topic for row in house.rows(LoggedMessage)] == [named.topic]


def test_states_are_written_and_read_back_whole(two_schools: Engine) -> None:
    first = Numbering(
        school=OTHER_SCHOOL,
        gateway="b",
        covered=2**62,
        beyond=[[2**62 + 5, 2**62 + 9]],
        gap_since=NOW,
        heard_seconds=12.5,
        gap_told=[2**62 + 1, 2**62 + 4],
        heard_at=at(3),
    )
    second = Numbering(school=SCHOOL, gateway="a", first_at=NOW, beyond=[[7, 7]], heard_at=NOW)
    for heard_at in (at(3), at(4)):
        first.heard_at = heard_at
        with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
            gateways.save(session, [first, second])
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        assert gateways.load(session) == {first.key: first, second.key: second}
        assert gateways.load(session, [SCHOOL]) == {second.key: second}


def test_only_what_is_open_is_looked_at_when_nothing_comes(two_schools: Engine) -> None:
    states = {(SCHOOL, "a"): Numbering(school=SCHOOL, gateway="a", covered=3)}
    ledger = Ledger(states)
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        assert ledger.take_in(session, [], [], at(1)) == []
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        assert gateways.load(session) == {}, "nothing changed, nothing is written"


class BreaksAfterTheLedger(Pipeline):
    """Has a defect that shows once the numbers have been noted."""

    def _take_in(self, session: Any, row: Any, memory: Any, batch: Any, now: datetime) -> Any:
        super()._take_in(session, row, memory, batch, now)
        raise RuntimeError("a defect")
