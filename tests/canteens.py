"""Cafeterias for tests: one at each of the two schools, submissions to them, and pictures to attach."""

import hashlib
import io
from datetime import UTC, datetime
from typing import Any

from PIL import Image
from sqlalchemy import Engine
from sqlmodel import col, select

from safety_service.services import cafeterias, inspections
from safety_service.services.inspections import SubmittedInspection
from safety_service.store import partitions
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_cafeteria import Inspection
from tests.conftest import OTHER_SCHOOL, SCHOOL

HERE, THERE = f"{SCHOOL}-c1", f"{OTHER_SCHOOL}-c1"
NOW = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
ITEMS_OF_SECTION = (1, 3, 2, 4, 4, 3, 6, 4, 3)
CODES = [f"{section}.{n}" for section, items in enumerate(ITEMS_OF_SECTION, 1) for n in range(1, items + 1)]


def add_canteens(engine: Engine) -> None:
    """A cafeteria at each school, and the partition that a pipeline sets up."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        cafeterias.create_for_schools(session, [get_school(session, code) for code in (SCHOOL, OTHER_SCHOOL)])
        partitions.ensure(session, partitions.COUNTY_PARTITION)


def by_sections(score: object = 9, **more: Any) -> dict[str, Any]:
    return {"date": "2026-09-01", "sections": [score] * 9, "key_items_failed": 0, **more}


def by_items(*failed: str, **more: Any) -> dict[str, Any]:
    answers = [{"code": code, "result": "fail" if code in failed else "pass"} for code in CODES]
    return {"date": "2026-09-01", "items": answers, **more}


def submit(engine: Engine, body: object, key: str, **more: Any) -> SubmittedInspection:
    given = {"school": SCHOOL, "submitted_by": "device:t", "now": NOW, **more}
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        return inspections.submit(session, body=body, source_key=key, **given)


def stored(engine: Engine) -> list[Inspection]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        found = list(session.exec(select(Inspection).order_by(col(Inspection.id))))
        session.expunge_all()
        return found


def picture(width: int = 8, height: int = 6, form: str = "JPEG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), (width % 256, height % 256, 90)).save(content, form)
    return content.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
