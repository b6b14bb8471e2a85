"""Past inspections from CSV: scored like any other, chained, and never taken twice; told to nobody."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.domain.errors import Refused
from safety_service.domain.inspection_lines import Column, body_of, day_text, read_heads
from safety_service.domain.inspections import Submission, check_times, fingerprint, read_submission
from safety_service.domain.planning import Planning
from safety_service.domain.scoring.book import SchemeBook, on_sign
from safety_service.services.cafeterias import local_day
from safety_service.services.csv_lines import NumberedCells, RefusedLine, Tick, read_csv
from safety_service.services.inspection_due import owe_next
from safety_service.services.inspection_scoring import Earlier, comparable, row_of, score_submission
from safety_service.store import audit, cafeterias, inspections
from safety_service.store.inspection_chain import Chaining
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_cafeteria import Cafeteria

LINES_AT_ONCE = 200
"""Lines of one transaction: so few that nobody waits long for the one writer of a SQLite file."""
_ANY_VISIT = float("inf")


class Outcome(msgspec.Struct):
    """What an import did: `known` were there already. `refused` in the order of the file."""

    added: int = 0
    known: int = 0
    refused: list[RefusedLine] = msgspec.field(default_factory=list)


class _Line(msgspec.Struct, frozen=True):
    number: int
    cafeteria: str
    day: str
    cells: list[str]


class _Read(msgspec.Struct, frozen=True):
    number: int
    submission: Submission
    key: str
    content: str


def import_inspections(
    engine: Engine,
    path: Path,
    book: SchemeBook,
    *,
    intervals: Planning,
    timezone: str,
    now: datetime,
    by: str = "import",
    tick: Tick = lambda _lines: None,
) -> Outcome:
    """Adds the visits of a list, cafeteria by cafeteria in the order of their days.

    Whatever is refused is named with its line and every reason; the rest is stored. A list that was read
    before, whole or in part, adds nothing twice. Alerts, plans and rectifications are left alone: they are
    about what happens now. `tick(n)` after every n lines. Raises Refused where the file cannot be read.
    """
    heads, lines = read_csv(path)
    try:
        columns = read_heads(heads)
    except Refused as error:
        named = [(f"{path.name}, line 1, {place}", reason) for place, reason in error.problems]
        raise Refused(error.reason, place=f"{path.name}, line 1", problems=named) from None
    outcome = Outcome()
    run = _Run(engine, columns, book, intervals, timezone, now, by, path.name, outcome)
    for cafeteria, chunk in _chunks(columns, lines):
        run.store(cafeteria, chunk)
        tick(len(chunk))
    outcome.refused.sort(key=lambda one: one.line)
    return outcome


def _chunks(columns: Sequence[Column], lines: Iterator[NumberedCells]) -> Iterator[tuple[str, list[_Line]]]:
    """Some lines of one cafeteria at a time, by day."""
    names = [column.name for column in columns]
    place, day = names.index("cafeteria"), names.index("date")
    read = [_Line(number, _cell(cells, place), day_text(_cell(cells, day)), cells) for number, cells in lines]
    read.sort(key=lambda line: (line.cafeteria, line.day, line.number))
    for cafeteria, group in groupby(read, key=lambda line: line.cafeteria):
        of_one = list(group)
        for start in range(0, len(of_one), LINES_AT_ONCE):
            yield cafeteria, of_one[start : start + LINES_AT_ONCE]


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""


class _Run(msgspec.Struct, frozen=True):
    """One import; each `store` is a transaction of its own."""

    engine: Engine
    columns: Sequence[Column]
    book: SchemeBook
    intervals: Planning
    timezone: str
    now: datetime
    by: str
    file: str
    outcome: Outcome

    def store(self, cafeteria: str, lines: Sequence[_Line]) -> None:
        read = self._read(lines)
        with session_scope(self.engine, EVERY_SCHOOL, write=True) as session:
            chain = Chaining(session)
            place = cafeterias.find(session, cafeteria)
            if place is None or cafeterias.lock(session, place.school, place.id) is None:
                reason = f"there is no cafeteria {cafeteria}" if cafeteria else "cafeteria: is missing"
                self.outcome.refused += [RefusedLine(one.number, reason) for one in read]
                return
            rows = self._rows(session, chain, place, read)
            inspections.add_linked(session, rows)
            if rows:
                self._settle(session, place, len(rows))
        self.outcome.added += len(rows)

    def _read(self, lines: Sequence[_Line]) -> list[_Read]:
        read = []
        for line in lines:
            try:
                body = body_of(self.columns, line.cells)
                submission = read_submission(body)
                check_times(submission, self.now)
            except Refused as error:
                self._refuse(line.number, error)
                continue
            content = fingerprint({**body, "cafeteria": line.cafeteria, "scheme": submission.scheme})
            key = f"id:{submission.client_id}" if submission.client_id else f"import:{content}"
            read.append(_Read(line.number, submission, key, content))
        return read

    def _rows(
        self, session: Session, chain: Chaining, place: Cafeteria, read: Sequence[_Read]
    ) -> list[dict[str, Any]]:
        """The rows of what is not there yet, in the database or on a line before."""
        there = inspections.fingerprints(session, place.school, {one.key for one in read})
        today = local_day(session, place.school, self.timezone, self.now)
        past, rows = _Past(session, place), []
        for one in read:
            try:
                if one.key in there:
                    self._meet(one, there[one.key])
                    continue
                scored = score_submission(one.submission, place, self.book, today)
            except Refused as error:
                self._refuse(one.number, error)
                continue
            there[one.key] = one.content
            schemes = comparable(scored.scheme, self.book)
            row = row_of(place, one.submission, scored, past.before(scored.visited_on, schemes))
            origin = {"source_key": one.key, "fingerprint": one.content}
            sent = {"submitted_at": self.now, "submitted_by": self.by}
            rows.append(chain.link({**row, **origin, **sent}))
            past.add(rows[-1], schemes)
        return rows

    def _meet(self, one: _Read, content: str) -> None:
        if content != one.content:
            reason = f"{one.submission.client_id} belongs to an inspection with other content"
            raise Refused(reason, place="id")
        self.outcome.known += 1

    def _settle(self, session: Session, place: Cafeteria, added: int) -> None:
        last = inspections.last(session, place.id, on_sign(self.book))
        if last is not None and last.id != place.inspection:
            cafeterias.show_last_visit(session, place, last)
            owe_next(session, place, self.intervals, self.timezone, self.now)
        detail = {"file": self.file, "added": added}
        audit.record(
            session,
            "inspection.import",
            "cafeteria",
            place.id,
            now=self.now,
            school=place.school,
            detail=detail,
        )

    def _refuse(self, number: int, error: Refused) -> None:
        reasons = [f"{place}: {reason}" if place else reason for place, reason in error.problems]
        self.outcome.refused.append(RefusedLine(number, "; ".join(reasons) or error.reason))


class _Past:
    """The visits of one cafeteria in their order, those of this import among them."""

    def __init__(self, session: Session, place: Cafeteria) -> None:
        self._session = session
        self._place = place
        self._orders: dict[tuple[str, ...], list[tuple[date, float, int]]] = {}
        self._results: dict[int, Mapping[str, Any]] = {}

    def before(self, day: date, schemes: Sequence[str]) -> Earlier | None:
        """The visit that one of that day, recorded now, comes after."""
        order = self._order(schemes)
        place = bisect_left(order, (day, _ANY_VISIT, 0))
        if place == 0:
            return None
        number = order[place - 1][2]
        if number not in self._results:
            self._results[number] = inspections.read(self._session, number).result
        return Earlier(number, self._results[number])

    def add(self, row: Mapping[str, Any], schemes: Sequence[str]) -> None:
        insort(self._order(schemes), (row["visited_on"], row["visit"], row["id"]))
        self._results[row["id"]] = row["result"]

    def _order(self, schemes: Sequence[str]) -> list[tuple[date, float, int]]:
        known = tuple(schemes)
        if known not in self._orders:
            found = inspections.order_of_visits(self._session, self._place.id, known)
            self._orders[known] = [(day, visit, number) for day, visit, number in found]
        return self._orders[known]
