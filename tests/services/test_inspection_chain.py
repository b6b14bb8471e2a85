"""The chain of a database: whole however many write at once, and a change shows that no trigger has seen."""

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Date, Engine, String, column, table, text
from sqlmodel import Session

from safety_service.domain.chain import Head
from safety_service.domain.errors import SafetyError
from safety_service.services import inspections, integrity
from safety_service.store import guards, inspection_chain, migrations
from safety_service.store.columns import BigInt, Json, UtcTime
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests import postgres
from tests.canteens import HERE, NOW, THERE, add_canteens, by_items, by_sections, stored, submit
from tests.conftest import OTHER_SCHOOL, SCHOOL, add_two_schools


@pytest.fixture
def county(two_schools: Engine) -> Engine:
    add_canteens(two_schools)
    return two_schools


def problems(engine: Engine, exported: Head | None = None) -> list[str]:
    return [
        problem
        for finding in integrity.check(engine, exported=exported)
        if finding.subject == "inspections"
        for problem in finding.problems
    ]


def head(engine: Engine) -> Head:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return inspection_chain.head(session)


def fill(engine: Engine) -> None:
    """Five records with everything that a record may hold."""
    # Nothing fails on the first: what is to be put right would hold on to the row.
    submit(engine, by_items(inspectors=["李敏", "赵刚"]), "a")
    place = {"latitude": 35.0, "longitude": 116.3117000001, "accuracy_m": 12.5}
    file = {"sha256": "9f" * 32, "media_type": "image/png", "size": 3, "role": "signature"}
    times = {"started_at": "2026-09-01T03:00:00.000001Z", "finished_at": "2026-09-01T04:00:00Z"}
    second = submit(engine, by_items("9.3", place=place, attachments=[file], **times), "b").inspection
    submit(engine, by_sections(8.5, accident="2026-08-01"), "c", school=OTHER_SCHOOL)
    submit(engine, by_sections(7, corrects=second.id, note="a section was misread"), "d")
    submit(engine, by_sections(6), "e", school=OTHER_SCHOOL)


def tamper(engine: Engine, *statements: str) -> None:
    """As somebody with the database's own password would."""
    with engine.begin() as connection:
        for statement in guards.drop_statements(engine.dialect.name, ("inspection",)):
            if not statement.startswith("DROP FUNCTION"):
                connection.execute(text(statement))
        for statement in statements:
            connection.execute(text(statement))
        for statement in guards.create_statements(engine.dialect.name, ("inspection",)):
            connection.execute(text(statement))


def test_what_is_read_back_is_what_was_chained(county: Engine) -> None:
    fill(county)
    assert problems(county) == []
    assert [row.chain_number for row in stored(county)] == [1, 2, 3, 4, 5]
    last = head(county)
    assert (last.number, last.inspection, last.at) == (5, stored(county)[-1].id, NOW)
    sound = [one.sound for one in integrity.check(county, exported=last) if one.subject == "inspections"]
    assert sound == [f"5 records in one chain, head 5 {last.hash}; the exported head 5 is in it"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE inspection SET score = '10.0' WHERE id = 3", "inspection 3 (number 3) is not as it was"),
        ("UPDATE inspection SET latitude = 36 WHERE id = 2", "inspection 2 (number 2) is not as it was"),
        ("UPDATE inspection SET attachments = '[]' WHERE id = 2", "inspection 2 (number 2) is not as it was"),
        ("DELETE FROM inspection WHERE id = 3", "number 3 is missing behind inspection 2"),
        ("DELETE FROM inspection WHERE id = 5", "number 5 is missing behind inspection 4"),
        ("DELETE FROM inspection WHERE id = 1", "number 1 is missing at the beginning"),
    ],
)
def test_a_change_past_the_triggers_is_named(county: Engine, change: str, told: str) -> None:
    fill(county)
    tamper(county, change)
    (problem,) = problems(county)
    assert problem.startswith(told)


def test_a_tail_that_was_cut_off_with_its_counter_shows_by_an_exported_head(county: Engine) -> None:
    fill(county)
    kept = head(county)
    tamper(
        county,
        "DELETE FROM inspection WHERE id = 5",
        "UPDATE counter SET value = 4 WHERE name = 'inspection'",
    )
    assert problems(county) == []
    (problem,) = problems(county, kept)
    assert problem.startswith("number 5 is missing behind inspection 4")
    submit(county, by_sections(9), "f", school=OTHER_SCHOOL)
    assert problems(county) == []
    (problem,) = problems(county, kept)
    assert problem.startswith("number 5 (inspection 5) has not the hash of the exported head")


def test_a_refused_or_repeated_submission_leaves_no_gap(county: Engine) -> None:
    submit(county, by_sections(9), "a")
    with pytest.raises(SafetyError):
        submit(county, by_sections(11), "b")
    assert submit(county, by_sections(9), "a").repeated
    submit(county, by_sections(8), "c")
    assert [row.chain_number for row in stored(county)] == [1, 2]
    assert problems(county) == []


def test_writers_that_meet_the_cafeterias_in_another_order_wait_for_none_for_ever(county: Engine) -> None:
    """A batch of the pipeline holds one cafeteria and goes on to the next, from both ends at once."""
    failures: list[BaseException] = []
    together = threading.Barrier(2)

    def batch(session: Session, name: str, schools: tuple[str, str]) -> None:
        for number, school in enumerate(schools):
            inspections.submit(
                session,
                school=school,
                body=by_sections(9),
                submitted_by="device:t",
                source_key=f"{name}:{number}",
                now=NOW,
            )

    def work(name: str, schools: tuple[str, str]) -> None:
        try:
            for turn in range(4):
                together.wait(30)
                with session_scope(county, EVERY_SCHOOL, write=True) as session:
                    batch(session, f"{name}{turn}", schools)
        except BaseException as error:
            together.abort()
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=("a", (SCHOOL, OTHER_SCHOOL))),
        threading.Thread(target=work, args=("b", (OTHER_SCHOOL, SCHOOL))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert [row.chain_number for row in stored(county)] == list(range(1, 17))
    assert problems(county) == []


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of the program before this one, with two inspections and a hole in their numbers."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    server = ""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        postgres.execute(server, "CREATE DATABASE old_inspections")
        url = f"{server}/old_inspections"
    engine = open_engine(url)
    migrations.upgrade(engine, "0007")
    add_two_schools(engine)
    with engine.begin() as connection:
        add = "INSERT INTO cafeteria (id, school, name_zh, name_en) VALUES (:id, :school, 'a', 'b')"
        for cafeteria, school in ((HERE, SCHOOL), (THERE, OTHER_SCHOOL)):
            connection.execute(text(add), {"id": cafeteria, "school": school})
        for number, inspector in ((1, None), (7, "李敏")):
            row = {**_OLD_ROW, "id": number, "source_key": str(number), "inspector": inspector}
            connection.execute(_OLD_TABLE.insert().values(row))
    yield engine
    engine.dispose()
    if server:
        postgres.execute(server, "DROP DATABASE old_inspections WITH (FORCE)")


_OLD_ROW: dict[str, Any] = {
    "school": SCHOOL,
    "cafeteria": HERE,
    "fingerprint": "f",
    "scheme": "cn.dynamic_2012",
    "scheme_version": "1",
    "visited_on": date(2026, 8, 1),
    "submitted_at": NOW,
    "submitted_by": "li",
    "score": "9.0",
    "grade": "优秀",
    "result": {"reckoning": {"sections": []}, "b": 1.5, "a": ["x", None]},
    "comparison": {"why": {"zh": "无"}},
}
_TYPES: dict[str, Any] = {"visited_on": Date(), "submitted_at": UtcTime(), "result": Json, "comparison": Json}
_OLD_TABLE = table(
    "inspection",
    *(column(name, _TYPES.get(name, String())) for name in (*_OLD_ROW, "source_key", "inspector")),
    column("id", BigInt),
)


def test_records_of_before_are_chained_as_they_are_and_go_on(old: Engine) -> None:
    migrations.upgrade(old)
    assert problems(old) == []
    submit(old, by_sections(9), "new")
    rows = stored(old)
    assert [(row.id, row.chain_number, row.visit, row.revision) for row in rows] == [
        (1, 1, 1, 0), (7, 2, 2, 0), (8, 3, 3, 0),
    ]  # fmt: skip
    assert [row.inspectors for row in rows] == [[], ["李敏"], []]
    assert rows[2].previous == 7
    assert problems(old) == []
    migrations.downgrade(old, "0007")
    migrations.upgrade(old)
    assert [row.chain_hash for row in stored(old)][:2] == [row.chain_hash for row in rows][:2]
