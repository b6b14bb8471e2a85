"""From moments to messages: what a run would publish, without a broker and without a clock of its own."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from device_simulator.formats import FORMATS, by_format, format_of
from device_simulator.formats.wire import Pen, WireMessage
from device_simulator.happenings import Moment
from device_simulator.scenarios.setting import Scenario, Setting


def write(pen: Pen, told: Moment, now: datetime) -> list[WireMessage]:
    """The messages of one moment, stamped `now` (aware, in the schools' zone)."""
    return [
        message
        for part in by_format(told)
        for message in FORMATS[format_of(part.happenings[0])].write(pen, part.happenings, now)
    ]


def script(
    scenario: Scenario, setting: Setting, pen: Pen, began: datetime
) -> Iterator[tuple[float, WireMessage]]:
    """(virtual offset, message) in order, as a run started at `began` that is never late would publish them.

    Equal arguments and a fresh pen give equal bytes.
    """
    for told in scenario.moments(setting):
        now = began + timedelta(seconds=told.offset / setting.speed)
        for message in write(pen, told, now):
            yield told.offset, message
