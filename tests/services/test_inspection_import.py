"""Past inspections from CSV: the same records as if they had been submitted, once, in one whole chain."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from safety_service.domain.errors import Refused
from safety_service.services import credit, inspection_import, integrity
from safety_service.services.inspection_due import known_planning
from safety_service.services.inspection_import import Outcome
from safety_service.services.schemes import known_schemes
from safety_service.store import cafeterias as places
from safety_service.store import inspection_chain
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_cafeteria import Cafeteria
from tests.canteens import CODES, HERE, THERE, add_canteens, by_sections, stored, submit

NOW = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
SECTIONS = [f"sections.{n}" for n in range(1, 10)]
HEADS = ["id", "cafeteria", "date", "licence_issued", *SECTIONS, "key_items_failed"]


@pytest.fixture
def county(two_schools: Engine) -> Engine:
    add_canteens(two_schools)
    return two_schools


def line(name: str, cafeteria: str, day: str, score: str = "9", *, key: str = "0") -> list[str]:
    return [name, cafeteria, day, "2020-01-01", *[score] * 9, key]


def read(
    engine: Engine, path: Path, *lines: list[str], heads: list[str] = HEADS, encoding: str = "utf-8"
) -> Outcome:
    file = path / "past.csv"
    file.write_text("\n".join(",".join(cells) for cells in (heads, *lines)), encoding)
    ticks: list[int] = []
    outcome = inspection_import.import_inspections(
        engine,
        file,
        known_schemes(),
        intervals=known_planning(),
        timezone="Asia/Shanghai",
        now=NOW,
        tick=ticks.append,
    )
    assert sum(ticks) == len(lines)
    return outcome


def told(outcome: Outcome) -> tuple[int, int, list[int]]:
    return outcome.added, outcome.known, [refused.line for refused in outcome.refused]


def whole(engine: Engine) -> bool:
    return all(
        not finding.problems for finding in integrity.check(engine) if finding.subject == "inspections"
    )


def place(engine: Engine, cafeteria: str = HERE) -> Cafeteria:
    with session_scope(engine, EVERY_SCHOOL) as session:
        found = places.get(session, cafeteria)
        session.expunge(found)
        return found


def test_a_line_is_stored_as_if_it_had_been_submitted(county: Engine, tmp_path: Path) -> None:
    assert told(
        read(county, tmp_path, line("a", HERE, "2025-03-01", "8"), line("b", HERE, "2025-06-01"))
    ) == (
        2,
        0,
        [],
    )
    sent = {"licence_issued": "2020-01-01", "cafeteria": THERE}
    for name, day, score in (("a", "2025-03-01", 8), ("b", "2025-06-01", 9)):
        body = {"id": name, **by_sections(score, **sent), "date": day}
        submit(county, body, name, school="370828-002", now=NOW, submitted_by="import")
    first, second, *submitted = stored(county)
    for imported, other in zip((first, second), submitted, strict=True):
        same = ("score", "grade", "icon", "reason", "result", "comparison", "visited_on", "scheme_version")
        assert [getattr(imported, name) for name in same] == [getattr(other, name) for name in same]
    assert (second.previous, first.previous) == (first.id, None)
    assert second.comparison["change"]["zh"] == "由良好（8.0分）变为优秀（9.0分）"
    assert whole(county)


def test_the_same_list_again_adds_nothing(county: Engine, tmp_path: Path) -> None:
    lines = [
        line("a", HERE, "2025-03-01"),
        line("", HERE, "2025-04-01"),
        line("", THERE, "2025-04-01", "8.5"),
    ]
    assert told(read(county, tmp_path, *lines)) == (3, 0, [])
    assert told(read(county, tmp_path, *lines, line("c", THERE, "2025-05-01"))) == (1, 3, [])
    assert told(read(county, tmp_path, lines[1], lines[1], line("", HERE, "2025-04-01", "9.0"))) == (0, 3, [])
    assert len(stored(county)) == 4
    assert whole(county)


def test_every_refused_line_is_named_and_the_others_are_stored(county: Engine, tmp_path: Path) -> None:
    outcome = read(
        county,
        tmp_path,
        line("a", HERE, "2025-03-01"),
        line("b", "370828-009-c1", "2025-03-01"),
        line("c", HERE, "2027-01-01"),
        line("d", HERE, "2025-13-01"),
        line("e", HERE, "2025-03-02", "10.5"),
        line("a", HERE, "2025-03-03"),
        line("f", "", "2025-03-03"),
        [*line("g", HERE, "2025-03-04"), "one more"],
        line("h", HERE, "2025-03-05", key="x"),
        line("i", THERE, "2025-03-06", ""),
        line("j", THERE, "2025-03-07"),
    )
    assert (outcome.added, outcome.known) == (2, 0)
    reasons = {refused.line: refused.reason for refused in outcome.refused}
    assert {
        number: part in reasons[number]
        for number, part in {
            3: "there is no cafeteria 370828-009-c1",
            4: "date: 2027-01-01 is in the future",
            5: "date: is not a date",
            6: "sections[0]: 10.5 is above the maximum of 10; sections[1]",
            7: "id: a belongs to an inspection with other content",
            8: "cafeteria: is missing",
            9: "cells: has 15 cells for 14 columns",
            10: 'key_items_failed: "x" is not a whole number',
            11: "sections: is missing",
        }.items()
    } == dict.fromkeys(range(3, 12), True), reasons
    assert list(reasons) == sorted(reasons)
    assert [(one.cafeteria, one.visited_on) for one in stored(county)] == [
        (HERE, date(2025, 3, 1)),
        (THERE, date(2025, 3, 7)),
    ]
    assert whole(county)


def test_it_takes_its_place_among_the_visits_that_are_there(county: Engine, tmp_path: Path) -> None:
    old = submit(county, by_sections(7, date="2024-05-01"), "old", now=NOW).inspection
    new = submit(county, by_sections(9, date="2026-08-01"), "new", now=NOW).inspection
    before = inspection_head(county)
    read(county, tmp_path, line("b", HERE, "2025-06-01", "6"), line("a", HERE, "2025-03-01", "8"))
    *_, first, second = stored(county)
    assert [(one.visited_on, one.previous) for one in (first, second)] == [
        (date(2025, 3, 1), old.id),
        (date(2025, 6, 1), first.id),
    ]
    assert place(county).inspection == new.id, "an older visit changes no sign"
    assert inspection_head(county) == before + 2
    assert whole(county)
    read(county, tmp_path, line("z", HERE, "2026-08-20", "7.6"))
    shown = place(county)
    assert (shown.score, shown.grade, shown.visited_on) == ("7.6", "良好", date(2026, 8, 20))


def inspection_head(engine: Engine) -> int:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return inspection_chain.head(session).number


def test_a_long_list_in_several_transactions(county: Engine, tmp_path: Path) -> None:
    """Days go down line by line; the annual grade is that of all of them."""
    days = [date(2026, 8, 31).toordinal() - back for back in range(450)]
    lines = [line("", HERE, date.fromordinal(day).isoformat(), str(6 + day % 5)) for day in days]
    assert told(read(county, tmp_path, *lines)) == (450, 0, [])
    found = stored(county)
    assert [one.visited_on for one in found] == sorted(one.visited_on for one in found)
    assert [one.previous for one in found] == [None, *(one.id for one in found[:-1])]
    assert whole(county)
    with session_scope(county, EVERY_SCHOOL) as session:
        row = places.get(session, HERE)
        annual = credit.annual_in_full(session, row, known_schemes(), date(2026, 8, 31))
        listed = credit.credits_of(session, [row], known_schemes(), date(2026, 8, 31))[HERE].annual
    assert annual is not None
    assert annual.outputs == listed
    assert listed["counted"] == 365


def test_checklists_other_schemes_and_what_a_chinese_excel_saves(county: Engine, tmp_path: Path) -> None:
    heads = ["cafeteria", "date", "scheme", "inspector", "note", *(f"items.{code}" for code in CODES)]
    items = ["fail" if code == "2.1" else "pass" for code in CODES]
    checked = [HERE, "2025-03-01", "", "李敏", "许可证未悬挂", *items]
    assert told(read(county, tmp_path, checked, heads=heads, encoding="gb18030")) == (1, 0, [])
    heads = ["cafeteria", "date", "scheme", "hygiene", "structural", "confidence_in_management"]
    rated = [HERE, "2025-03-02", "uk.fhrs", "5", "5", "5"]
    wrong = [HERE, "2025-03-03", "uk.fhrs", "6", "5", "5"]
    assert told(read(county, tmp_path, rated, wrong, heads=heads)) == (1, 0, [3])
    first, second = stored(county)
    failed = [item["code"] for item in first.result["reckoning"]["items"] if item["result"] == "fail"]
    assert (failed, first.inspector, first.note) == (["2.1"], "李敏", "许可证未悬挂")
    assert (second.scheme, second.grade, second.previous) == ("uk.fhrs", "5", None)
    assert place(county).inspection == first.id


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("cafeteria,Day\na,b", "past.csv, line 1", "column is missing"),
        ("", "past.csv, line 1", "column is missing"),
        ('cafeteria,date\n"open', "past.csv, line 2", "not CSV"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_whole(
    county: Engine, tmp_path: Path, text: str, place: str, reason: str
) -> None:
    file = tmp_path / "past.csv"
    file.write_text(text)
    given: dict[str, Any] = {"intervals": known_planning(), "timezone": "Asia/Shanghai", "now": NOW}
    with pytest.raises(Refused, match=reason) as refused:
        inspection_import.import_inspections(county, file, known_schemes(), **given)
    assert place in (refused.value.place or "")
    assert stored(county) == []
