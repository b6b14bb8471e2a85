"""One run: load on, harm done at random moments, everything caught up, then the verdict."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing

from sqlalchemy.exc import DBAPIError

from tests.faults import verdict
from tests.faults.faults import FAULTS
from tests.faults.ground import PAIRS, Ground
from tests.faults.load import Load
from tests.faults.memory import MemoryWatch
from tests.faults.plan import Plan
from tests.faults.scene import Scene, built
from tests.faults.stream import Listener
from tests.faults.verdict import Verdict

STANDSTILL_SECONDS = {False: 20.0, True: 90.0}
"""Without a new event for so long it will not catch up any more; by the form of the bench (long: true)."""
OUTBOX_SECONDS = 180.0
"""What a killed process had in hand is sent again after the courier's lease of two minutes."""

Tell = Callable[[str, int, int], None]
"""What goes on now, and how many of how many events are published or stored."""


def _nobody(what: str, done: int, of: int) -> None:
    """For runs that nobody watches."""


def run(ground: Ground, name: str, pair: str, plan: Plan, tell: Tell = _nobody) -> Verdict:
    """Runs one fault on one pair. Raises AssertionError where not even the scene can be built."""
    fault = FAULTS[name]
    result = Verdict(fault=name, pair=PAIRS[pair])
    tell("starting", 0, plan.events)
    with built(ground, name, fault, pair, plan) as scene, ExitStack() as undo:
        watch = undo.enter_context(closing(MemoryWatch(scene.processes)))
        addresses = [service.address for service in scene.serving("api")]
        listener = undo.enter_context(closing(Listener(addresses, ground.keys[pair])))
        load = Load(scene.broker.url, plan.events, plan.rate, plan.devices, scene.home, spool=fault.spool)
        undo.callback(load.end)
        _do_harm(scene, load, tell)
        _let_load_end(scene, load, tell)
        since = time.monotonic()
        try:
            scene.wait_until_ready()
        except AssertionError as error:
            scene.wrong.append(str(error))
        ids = load.ids()
        _catch_up(scene, len(ids), tell)
        result.catch_up_seconds = time.monotonic() - since
        if plan.long:
            _empty_outbox(scene, tell)
        _judge(scene, result, ids, listener)
        result.peak_mb = watch.peak / 1e6
    return result


def _do_harm(scene: Scene, load: Load, tell: Tell) -> None:
    # Harm to a load that has not begun would be none.
    while load.published() == 0 and load.running():
        scene.pause(0.05)
    for number in range(1, scene.plan.harms + 1):
        scene.pause(scene.chance.uniform(*scene.plan.pause))
        load.go_on()
        tell(f"harm {number} of {scene.plan.harms}", load.published(), load.messages)
        scene.fault.harm(scene)
        scene.harms += 1


def _let_load_end(scene: Scene, load: Load, tell: Tell) -> None:
    while load.running():
        tell("publishing", load.published(), load.messages)
        scene.pause(0.1)
    scene.wrong += load.failures
    if load.published() < load.messages:
        scene.wrong.append(f"only {load.published()} of {load.messages} events were acknowledged")


def _catch_up(scene: Scene, published: int, tell: Tell) -> None:
    """Until everything is stored and the backlog is empty, or nothing moves any more."""
    best, moved = -1, time.monotonic()
    while time.monotonic() - moved < STANDSTILL_SECONDS[scene.plan.long]:
        done = _ask(lambda: verdict.stored(scene.engine), 0)
        if done >= published and _backlog(scene) == 0:
            return
        if done > best:
            best, moved = done, time.monotonic()
        tell("catching up", done, published)
        scene.pause(0.1)
    scene.wrong.append(f"stood still with {best} of {published} stored")


def _backlog(scene: Scene) -> float:
    """Messages that were committed and not yet worked off, as any of the pipelines tells."""
    told = [scene.gauge(service, "campus_backlog_messages") for service in scene.serving("pipeline")]
    return max((backlog for backlog in told if backlog is not None), default=1.0)


def _empty_outbox(scene: Scene, tell: Tell) -> None:
    deadline = time.monotonic() + OUTBOX_SECONDS
    first = _ask(lambda: verdict.waiting(scene.engine), 0)
    while left := _ask(lambda: verdict.waiting(scene.engine), 1):
        if time.monotonic() > deadline:
            scene.wrong.append(f"{left} notifications were not sent")
            return
        tell("emptying the outbox", max(first - left, 0), first)
        scene.pause(0.2)


def _judge(scene: Scene, result: Verdict, ids: set[str], listener: Listener) -> None:
    tally = verdict.count(scene.engine, ids)
    listener.wait_for(tally.newest, 20.0)
    result.harms, result.published, result.stored = scene.harms, len(ids), tally.stored
    result.lost, result.doubled, result.raised_twice = tally.lost, tally.doubled, tally.raised_twice
    missed = listener.faults(tally.newest)
    result.gaps = tally.gaps + missed
    if missed:
        scene.wrong.append(f"the stream missed or repeated {missed} numbers")
    result.repeated = scene.hook.repeated(scene.kills)
    if failed := verdict.given_up(scene.engine):
        scene.wrong.append(f"{failed} notifications were given up")
    result.wrong = [*scene.wrong, *tally.wrong]


def _ask(question: Callable[[], int], otherwise: int) -> int:
    # The database may just be starting again.
    try:
        return question()
    except DBAPIError:
        return otherwise
