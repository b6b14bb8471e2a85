"""`POST /rules/backtest`: one at a time, at half speed, in a thread, and only while somebody waits for it.

The answer is one JSON document and no stream of progress: nothing of it is true before the last event, the
size is bounded so that it takes about a minute, and a refusal can still be told by the status of the answer.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Lock
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Depends, Request, Response
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from safety_service.api.deps import EngineDep, SettingsDep, require
from safety_service.api.routing import new_router
from safety_service.api.schemas_backtest import BacktestIn, BacktestOut
from safety_service.domain.backtest_report import Report
from safety_service.domain.errors import Conflict, Refused, Unavailable
from safety_service.domain.rights import Caller
from safety_service.services import backtest as backtests
from safety_service.services import rulesets
from safety_service.services.backtest import House, Wanted
from safety_service.settings import Settings
from safety_service.store.scope import Scope
from safety_service.store.session import session_scope

router = new_router("rules")

MOST_EVENTS = 500_000
LONGEST = timedelta(days=31)
LOOK_SECONDS = 0.5
"""How often to look whether the caller is still there."""


@router.post("/rules/backtest", response_model=BacktestOut)
async def run_backtest(
    request: Request,
    caller: Annotated[Caller, Depends(require("rules:read"))],
    engine: EngineDep,
    settings: SettingsDep,
    body: BacktestIn,
) -> Response:
    """What a rule file would have raised from stored events, beside what was raised; nothing is stored.

    Limited to the caller's schools, to 31 days and to 500,000 events with the warm-up. One at a time: 409
    while another one runs. It ends when the caller goes away.
    """
    gone: Event = Event()
    turn: Lock = request.app.state.backtest_turn
    hub = request.app.state.hub

    def breathe_since(began: float) -> float:
        # As long a rest as the work took: the pipeline and the requests share the interpreter with us.
        if gone.wait(time.monotonic() - began) or hub.stopping:
            raise Unavailable("the backtest was given up", slug="backtest-given-up")
        return time.monotonic()

    scope = _scope(caller, body)
    work = asyncio.ensure_future(
        run_in_threadpool(_take_turn, turn, engine, scope, settings, body, breathe_since)
    )
    try:
        while not work.done():
            if await request.is_disconnected():
                gone.set()
            await asyncio.wait({work}, timeout=LOOK_SECONDS)
    finally:
        gone.set()
    return Response(msgspec.json.encode(await work), media_type="application/json")


def _scope(caller: Caller, body: BacktestIn) -> Scope:
    """The schools asked for, as far as the caller may see them."""
    if body.schools is None:
        return Scope(every_school=caller.every_school, schools=caller.schools)
    asked = frozenset(body.schools)
    return Scope(every_school=False, schools=asked if caller.every_school else asked & caller.schools)


def _take_turn(
    turn: Lock,
    engine: Engine,
    scope: Scope,
    settings: Settings,
    body: BacktestIn,
    breathe_since: Callable[[float], float],
) -> Report:
    if not turn.acquire(blocking=False):
        raise Conflict("another backtest is running; try again when it has ended", slug="backtest-running")
    try:
        return _run(engine, scope, settings, body, breathe_since)
    finally:
        turn.release()


def _run(
    engine: Engine,
    scope: Scope,
    settings: Settings,
    body: BacktestIn,
    breathe_since: Callable[[float], float],
) -> Report:
    if body.until - body.since > LONGEST:
        raise Refused(f"a backtest here goes over {LONGEST.days} days at most", place="body.from")
    wanted = Wanted(since=body.since, until=body.until, examples=body.examples, most_events=MOST_EVENTS)
    house = House(ZoneInfo(settings.timezone), timedelta(seconds=settings.restart_tolerance_seconds))
    began = time.monotonic()

    def breathe(_events: int) -> None:
        nonlocal began
        began = breathe_since(began)

    with session_scope(engine, scope) as session:
        backtests.check_schools(session, body.schools or ())
        in_force = body.text is None
        rules = rulesets.in_force(session) if in_force else rulesets.checked(session, body.text or "")
        return backtests.run(session, backtests.prepare(session, rules, wanted, house), breathe)
