"""Images go in time, from every place; what a row still names stays."""

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from safety_service.blobs import FolderBlobs
from safety_service.services import snapshot_retention
from safety_service.services.snapshot_retention import Removed
from safety_service.settings import Settings
from safety_service.store import snapshot_fetches, snapshots
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.snapshot_fetches import Owed
from safety_service.store.tables_snapshot import Snapshot, SnapshotFetch
from tests.canteens import sha256
from tests.conftest import OTHER_SCHOOL, SCHOOL

TODAY = datetime.now(UTC)
"""Files have the time of this machine."""
OLD, SHARED, YOUNG, ORPHAN, FRESH = (word * 10 for word in (b"old", b"shared", b"young", b"orphan", b"fresh"))


def keep(engine: Engine, blobs: FolderBlobs, content: bytes, school: str | None, days: int) -> None:
    """An image that came so many days ago; without a school nothing names it."""
    blobs.put(sha256(content), io.BytesIO(content))
    if school is not None:
        rows = {(sha256(content), school): ("image/jpeg", len(content))}
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            snapshots.add(session, rows, TODAY - timedelta(days=days))


def make_older(folder: Path, *contents: bytes) -> None:
    moment = (TODAY - timedelta(days=50)).timestamp()
    for content in contents:
        os.utime(folder / sha256(content)[:2] / sha256(content)[2:4] / sha256(content), (moment, moment))


def test_what_is_old_goes_and_nothing_else(two_schools: Engine, settings: Settings) -> None:
    blobs = FolderBlobs(settings.snapshots_dir)
    keep(two_schools, blobs, OLD, SCHOOL, 31)
    keep(two_schools, blobs, SHARED, SCHOOL, 31)
    keep(two_schools, blobs, SHARED, OTHER_SCHOOL, 29)
    keep(two_schools, blobs, YOUNG, SCHOOL, 29)
    keep(two_schools, blobs, ORPHAN, None, 0)
    make_older(settings.snapshots_dir, OLD, SHARED, YOUNG, ORPHAN)
    # Its row is about to be committed.
    keep(two_schools, blobs, FRESH, None, 0)
    assert snapshot_retention.due(two_schools, settings, TODAY) == 2
    assert snapshot_retention.prune(two_schools, blobs, settings, TODAY) == Removed(rows=2, files=2)
    assert set(blobs) == {sha256(content) for content in (SHARED, YOUNG, FRESH)}
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        left = {(row.sha256, row.school) for row in session.exec(select(Snapshot))}
    assert left == {(sha256(SHARED), OTHER_SCHOOL), (sha256(YOUNG), SCHOOL)}
    assert snapshot_retention.prune(two_schools, blobs, settings, TODAY) == Removed(rows=0, files=0)


def test_exactly_the_age_that_is_kept_stays(two_schools: Engine, settings: Settings) -> None:
    blobs = FolderBlobs(settings.snapshots_dir)
    keep(two_schools, blobs, OLD, SCHOOL, settings.keep_snapshots_days)
    assert snapshot_retention.prune(two_schools, blobs, settings, TODAY).rows == 0
    later = TODAY + timedelta(microseconds=1)
    assert snapshot_retention.prune(two_schools, blobs, settings, later).rows == 1


def test_links_that_were_never_fetched_go_too(two_schools: Engine, settings: Settings) -> None:
    for days in (31, 29):
        moment = TODAY - timedelta(days=days)
        with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
            link = f"http://cam.school/{days}.jpg"
            snapshot_fetches.add(session, [Owed(SCHOOL, "cam", link, "cam.school", moment)], moment)
    snapshot_retention.prune(two_schools, FolderBlobs(settings.snapshots_dir), settings, TODAY)
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        assert [row.link for row in session.exec(select(SnapshotFetch))] == ["http://cam.school/29.jpg"]
