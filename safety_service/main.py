"""create_app(settings): wiring and nothing else."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine

from safety_service import __version__
from safety_service.api import (
    alerts,
    api_keys,
    appeals,
    attachments,
    audit,
    auth,
    backtest,
    cafeteria_codes,
    cafeterias,
    calendars,
    channels,
    credit_history,
    credit_index,
    devices,
    disclosure,
    duties,
    errors,
    escalations,
    events,
    feeds,
    figures,
    gateways,
    handovers,
    health,
    health_certificates,
    inspection_drafts,
    inspection_plans,
    inspections,
    inspectors,
    messages,
    notifications,
    pages,
    penalties,
    push,
    quiet_times,
    rectifications,
    rosters,
    rules,
    schemes,
    schools,
    snapshots,
    stream,
    users,
    vendors,
    view,
    viid,
)
from safety_service.api.middleware import BodyLimit, RequestLog
from safety_service.api.shared import SharedAnswers
from safety_service.blobs import FolderBlobs
from safety_service.runtime import Runtime
from safety_service.services.digest import Nonces
from safety_service.services.inspection_due import known_planning
from safety_service.services.throttle import LoginThrottle
from safety_service.services.vendors import ensure_installed
from safety_service.settings import Settings
from safety_service.store.session import open_engine

API_PREFIX = "/api/v1"
ATTACHMENTS = re.compile(r"/api/v1/cafeterias/[^/]+/attachments/[^/]+")
ROUTERS = (
    auth.router,
    schools.router,
    devices.router,
    gateways.router,
    quiet_times.router,
    handovers.router,
    events.router,
    messages.router,
    # Before the alerts, whose numbers stand in the same place as these names.
    figures.router,
    alerts.router,
    snapshots.router,
    stream.router,
    cafeterias.router,
    cafeteria_codes.router,
    credit_index.router,
    credit_history.router,
    calendars.router,
    inspections.router,
    inspection_drafts.router,
    inspection_plans.router,
    attachments.router,
    rectifications.router,
    appeals.router,
    penalties.router,
    disclosure.router,
    feeds.router,
    inspectors.router,
    schemes.router,
    duties.router,
    health_certificates.router,
    rules.router,
    backtest.router,
    escalations.router,
    rosters.router,
    channels.router,
    notifications.router,
    view.router,
    push.router,
    vendors.router,
    users.router,
    api_keys.router,
    audit.router,
)
OUTSIDE = (health.router,)
PUSHED_TO = re.compile(r"/api/v1/push/.*|/VIID/.*")

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {errors.PROBLEM_TYPE: {}}, "model": errors.Problem}
    for status, text in (
        (401, "No valid credential"),
        (403, "A valid credential without this right"),
        (404, "No such row, or not within the caller's schools"),
        (409, "The row is in another state, or a key is taken"),
        (422, "Refused, with every place and reason"),
    )
}


def utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    engine: Engine | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    runtime: Runtime | None = None,
    wake: Callable[[], None] | None = None,
    api: bool = True,
) -> FastAPI:
    """The HTTP side of the service.

    `runtime` is what runs beside the requests, started and stopped with the app; without one the app only
    serves. `wake` is called after a message was appended to the log (default: the runtime's). Without
    `api` only health and metrics answer.
    """
    database = engine or open_engine(settings.resolved_database_url)
    ensure_installed()
    beside = runtime or Runtime(settings, database, pipeline=False)
    app = FastAPI(
        title="Campus safety",
        version=__version__,
        summary="Events, alerts and cafeteria credit of a county's schools",
        lifespan=_as_long_as_the_app(beside),
        docs_url=None,
        redoc_url=None,
    )
    _keep(app, settings, database, beside, clock, wake)
    errors.install(app)
    larger = ((ATTACHMENTS, settings.max_attachment_bytes), (PUSHED_TO, settings.max_push_bytes))
    app.add_middleware(BodyLimit, limit=settings.max_request_bytes, others=larger)
    app.add_middleware(RequestLog)
    _add_routes(app, api)
    return app


def _keep(
    app: FastAPI,
    settings: Settings,
    database: Engine,
    beside: Runtime,
    clock: Callable[[], datetime],
    wake: Callable[[], None] | None,
) -> None:
    """What the dependencies of `api/deps.py` find again."""
    app.state.settings = settings
    app.state.engine = database
    app.state.clock = clock
    app.state.wake = wake or beside.wake
    app.state.hub = beside.hub
    app.state.vitals = beside.vitals
    app.state.stop = beside.stop
    app.state.blobs = FolderBlobs(settings.files_dir)
    app.state.album = beside.album
    # Read here: a file of the bureau's own that is wrong ends the start, not a request of tomorrow.
    app.state.shared = SharedAnswers(settings.shared_answer_seconds)
    app.state.planning = known_planning(settings.planning_file)
    app.state.throttle = LoginThrottle()
    app.state.nonces = Nonces(settings.secret_key.get_secret_value())
    app.state.backtest_turn = Lock()


def _as_long_as_the_app(beside: Runtime) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        beside.start()
        yield
        beside.stop()

    return lifespan


def _add_routes(app: FastAPI, api: bool) -> None:
    for router in OUTSIDE:
        app.include_router(router)
    if api:
        for router in ROUTERS:
            app.include_router(router, prefix=API_PREFIX, responses=_ERRORS)
        app.include_router(viid.router)
        pages.install(app)
