"""Schools divided among pipelines: each works for its own, and nothing is divided that would be lost."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.types import Message
from safety_service.services import ingest, partitions, rulesets
from safety_service.services.intake import GradingHouse
from safety_service.services.pipeline import Pipeline, PipelineOptions
from safety_service.store import partitions as rows
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import RejectedMessage, StoredAlert, StoredEvent
from safety_service.store.tables_partition import Partition
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.services.test_pipeline import RULES, at, native


def press(school: str, device: str, number: int) -> Message:
    return native(
        at(seconds=number), school=school, source=device, id=f"{school}-{number}", type="panic_button"
    )


def create(engine: Engine, name: str, *schools: str) -> Partition:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        return partitions.create(session, name, schools, NOW)


def pipeline(engine: Engine, row: Partition) -> Pipeline:
    options = PipelineOptions(
        partition=row.id,
        lease=row.name,
        fence=0,
        schools=frozenset(row.schools),
        zone=ZoneInfo("Asia/Shanghai"),
        batch=100,
        tolerance=timedelta(minutes=30),
        max_payload_bytes=1 << 20,
        grading=GradingHouse(None, "Asia/Shanghai"),
    )
    return Pipeline(engine, options, lambda _newest: None)


def test_each_pipeline_works_for_its_own_schools(two_schools: Engine) -> None:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        partitions.prepare(session)
        rulesets.replace(session, RULES, by="test", now=NOW)
    east, west = create(two_schools, "east", SCHOOL), create(two_schools, "west", OTHER_SCHOOL)
    assert east.filters == [f"campus/v1/{SCHOOL}/#"]
    assert east.client_id != west.client_id
    for row, school in ((east, SCHOOL), (west, OTHER_SCHOOL)):
        stray = press(OTHER_SCHOOL if school == SCHOOL else SCHOOL, "stray", 9)
        ingest.store_batch(two_schools, row.id, [press(school, "gate", 1), stray])
    ahead, behind = pipeline(two_schools, east), pipeline(two_schools, west)
    assert ahead.advance(at(seconds=2), NOW).events == 1
    assert behind.advance(at(seconds=2), NOW).events == 1
    # The silence of a device is judged by its own pipeline, also after a restart.
    pipeline(two_schools, west).advance(at(minutes=50), NOW)
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        assert len({row.id for row in session.exec(select(StoredEvent))}) == 2
        assert {row.reason for row in session.exec(select(RejectedMessage))} == {"other_partition"}
        raised = [(row.school, row.rule) for row in session.exec(select(StoredAlert).order_by("id"))]
    assert raised == [(SCHOOL, "press"), (OTHER_SCHOOL, "press")]


def test_the_service_writes_into_the_log_of_the_schools_own_partition(two_schools: Engine) -> None:
    east, west = create(two_schools, "east", SCHOOL), create(two_schools, "west", OTHER_SCHOOL)
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        found = [rows.of_school(session, school) for school in (SCHOOL, OTHER_SCHOOL)]
        assert [row.id for row in found if row] == [east.id, west.id]


def test_what_cannot_be_divided_is_refused_with_every_reason(two_schools: Engine) -> None:
    create(two_schools, "east", SCHOOL)
    with pytest.raises(Refused) as refused:
        create(two_schools, "east", SCHOOL, "370828-999")
    assert refused.value.problems == [
        ("name", "there is a partition east already"),
        ("school", f"{SCHOOL} belongs to the partition east"),
        ("school", "no school has the code '370828-999'"),
    ]
    with pytest.raises(Refused, match="county"), session_scope(two_schools, EVERY_SCHOOL) as session:
        partitions.find(session, "county")


def test_a_county_that_received_messages_is_not_divided(two_schools: Engine) -> None:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        partitions.prepare(session)
        county = partitions.find(session, "county")
    ingest.store_batch(two_schools, county.id, [press(SCHOOL, "gate", 1)])
    with pytest.raises(Conflict, match="received messages already"):
        create(two_schools, "east", SCHOOL)
