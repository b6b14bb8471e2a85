"""Plays a scenario onto a broker in real time, until it ends, its time is up, or it is told to stop."""

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from device_simulator.broker_url import BrokerUrl
from device_simulator.county import TIMEZONE
from device_simulator.formats import FORMATS
from device_simulator.formats.wire import Pen
from device_simulator.happenings import Moment
from device_simulator.model import School
from device_simulator.publisher import Publisher, Tally, Voice
from device_simulator.resending import SILENCE_SECONDS
from device_simulator.rest import InspectionDesk
from device_simulator.scenarios.setting import Scenario, Setting
from device_simulator.script import write

MAIN_GATEWAY = "gw-1"
_TICK_SECONDS = 0.1


class Run(msgspec.Struct, frozen=True):
    """One run: what to play, on which stage, to which broker; `duration_seconds` real ones, None: no end.

    `until_covered_seconds`: how long a run that came to its end waits for the last receipts of its spools.
    """

    scenario: Scenario
    setting: Setting
    broker: BrokerUrl
    spool_directory: Path | None = None
    duration_seconds: float | None = None
    connection_limit: int = 32
    resend_after_seconds: float = SILENCE_SECONDS
    until_covered_seconds: float = 0.0


class Outcome(msgspec.Struct, frozen=True):
    """What a run did: messages on MQTT, inspections over HTTP."""

    messages: Tally
    inspections_accepted: int = 0
    inspections_refused: int = 0


def run(
    order: Run,
    stop: threading.Event,
    complain: Callable[[str], None],
    desk: InspectionDesk | None = None,
) -> Outcome:
    """Play until the scenario ends, `duration_seconds` have passed or `stop` is set.

    With a `desk` inspections go over HTTP instead of MQTT. Raises BrokerUnreachableError if there is no
    broker at the start; later it reconnects by itself. Raises WrongUsageError if the county lacks what the
    scenario needs.
    """
    scenario, setting = order.scenario, order.setting
    zone = ZoneInfo(TIMEZONE)
    pen = Pen(run=run_name(datetime.now(zone)), gateway=scenario.gateway)
    publisher = Publisher(
        order.broker,
        voices(scenario.cast(setting), pen),
        gateway=pen.gateway,
        spool_directory=order.spool_directory,
        resend_after=order.resend_after_seconds,
        connection_limit=order.connection_limit,
    )
    publisher.open()
    try:
        publisher.wait_for_receipts()
        _play(
            order,
            stop,
            lambda told: _tell(told, publisher, pen, datetime.now(zone), desk, complain),
            publisher.tick,
        )
        publisher.wait_until_covered(order.until_covered_seconds, stop)
    finally:
        tally = publisher.close()
        if desk is not None:
            desk.close()
    return Outcome(tally, desk.accepted if desk else 0, desk.refused if desk else 0)


def voices(cast: Iterable[School], pen: Pen) -> list[Voice]:
    """Who speaks for each school: in the main run gateway and NVR, each alive or not; else a passing gateway.

    A passing one has a name of its own, so that a second simulator can run beside the main one.
    """
    if pen.gateway != MAIN_GATEWAY:
        return [Voice(school.code, "native", f"sim-{school.code}-{pen.gateway}") for school in cast]
    spoken = []
    for school in cast:
        for format in dict.fromkeys(["native", *(device.format for device in school.devices)]):
            client_id = f"sim-{school.code}" if format == "native" else f"sim-{school.code}-{format}"
            spoken.append(Voice(school.code, format, client_id, FORMATS[format].link(school.code, pen)))
    return spoken


def run_name(now: datetime) -> str:
    """A short name that no run of another millisecond has: the time in base 36."""
    number, digits = int(now.timestamp() * 1000), ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def _play(
    order: Run, stop: threading.Event, tell: Callable[[Moment], None], tick: Callable[[], None]
) -> None:
    began = time.monotonic()
    end = None if order.duration_seconds is None else began + order.duration_seconds
    for told in order.scenario.moments(order.setting):
        due = began + told.offset / order.setting.speed
        if end is not None and due > end:
            _wait_until(end, stop, tick)
            return
        if not _wait_until(due, stop, tick):
            return
        tell(told)


def _wait_until(due: float, stop: threading.Event, tick: Callable[[], None]) -> bool:
    """Wait for a monotonic instant; False as soon as the run is to stop."""
    tick()
    while (left := due - time.monotonic()) > 0:
        if stop.wait(min(left, _TICK_SECONDS)):
            return False
        tick()
    return not stop.is_set()


def _tell(
    told: Moment,
    publisher: Publisher,
    pen: Pen,
    now: datetime,
    desk: InspectionDesk | None,
    complain: Callable[[str], None],
) -> None:
    if desk is not None and told.happenings[0].kind == "inspection_submitted":
        for number, form in enumerate(told.happenings):
            refusal = desk.post(form, now, f"{pen.run}-{told.offset:.3f}-{number}")
            if refusal:
                complain(refusal)
        return
    # A receipt may be above what this spool ever gave out: its file was lost. Its numbers are taken.
    pen.numbers.update({school: spool.last for school, spool in publisher.spools.items()})
    for message in write(pen, told, now):
        publisher.publish(message)
