"""The bureau's own, approved map takes the place of the drawn one."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.domain.boundary import read_boundary
from safety_service.domain.errors import NotFound, Refused
from safety_service.services import view_shapes_trend as shapes
from safety_service.services.view_figures import maybe
from safety_service.store import audit
from safety_service.store import boundary as store
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_boundary import Boundary

LARGEST_FILE = 50 * 1024 * 1024


def import_file(engine: Engine, path: Path, approval: str | None, now: datetime) -> int:
    """Reads and keeps the map; returns the number of its areas. Raises Refused with every problem."""
    if path.stat().st_size > LARGEST_FILE:
        raise Refused(f"is larger than {LARGEST_FILE >> 20} MB; simplify the lines", place=path.name)
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("is not UTF-8 text", place=path.name) from error
    areas = read_boundary(text)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        row = Boundary(areas=areas, approval=approval, file=path.name, imported_at=now)
        store.put(session, row)
        detail = {"file": path.name, "areas": len(areas), "approval": approval}
        audit.record(session, "boundary.import", "boundary", path.name, now=now, detail=detail)
    return len(areas)


def clear(engine: Engine, now: datetime) -> None:
    """Back to the drawn map. Raises NotFound where there is no other."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        if not store.remove(session):
            raise NotFound("no boundary was imported")
        audit.record(session, "boundary.clear", "boundary", "county", now=now)


def shown(session: Session) -> shapes.CountyBoundary:
    """The map as GeoJSON; without features where none was imported."""
    found = store.find(session)
    return {
        "type": "FeatureCollection",
        "features": found.areas if found else [],
        "approval": found.approval if found else None,
        "imported_at": maybe(found.imported_at if found else None),
    }
