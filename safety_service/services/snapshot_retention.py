"""Images of events go when they are old: first the rows, then the files that no row names any more."""

from datetime import datetime, timedelta
from functools import partial
from itertools import islice

import msgspec
from sqlalchemy import Engine

from safety_service.blobs import Blobs
from safety_service.services.retention import FIRST_STEP_ROWS, OnStep, Stepper
from safety_service.settings import Settings
from safety_service.store import snapshot_fetches, snapshots
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

UNCOMMITTED = timedelta(hours=1)
"""A file is written before the row that names it: a younger one may still get its row."""


class Removed(msgspec.Struct, frozen=True):
    """`files` may be fewer than `rows`, for two schools can have one, or more: those that nothing named."""

    rows: int
    files: int


def due(engine: Engine, settings: Settings, now: datetime) -> int:
    """How many rows `prune` would remove."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        return snapshots.count_old(session, _limit(settings, now))


def prune(
    engine: Engine,
    blobs: Blobs,
    settings: Settings,
    now: datetime,
    on_step: OnStep = lambda _what, _rows: None,
) -> Removed:
    """Removes what came before the days that are kept, and every file without a row."""
    stepper = Stepper(engine, FIRST_STEP_ROWS, on_step)
    before = _limit(settings, now)
    rows = stepper.until_none("snapshots", partial(snapshots.remove_old, before=before))
    stepper.until_none("fetches", partial(snapshot_fetches.remove_old, before=before))
    blobs.tidy(now - UNCOMMITTED)
    return Removed(rows, _sweep(engine, blobs, now))


def _sweep(engine: Engine, blobs: Blobs, now: datetime) -> int:
    removed, files = 0, iter(blobs)
    while some := list(islice(files, snapshots.AT_ONCE)):
        with session_scope(engine, EVERY_SCHOOL) as session:
            named = snapshots.named(session, some)
        removed += sum(blobs.discard(sha256, now - UNCOMMITTED) for sha256 in some if sha256 not in named)
    return removed


def _limit(settings: Settings, now: datetime) -> datetime:
    return now - timedelta(days=settings.keep_snapshots_days)
