"""The report of a backtest as lines for a terminal."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any
from unicodedata import east_asian_width

from safety_service.domain.backtest_report import Comparison, Report
from safety_service.domain.backtest_tally import Example, Figures
from safety_service.domain.rules.durations import show_duration

HEADS = ("raised", "severity up", "reopened", "resolved", "open, mean", "open, longest", "still open")
_TIME = "%Y-%m-%d %H:%M:%S"


def lines_of(report: Report, zone: tzinfo) -> Iterator[str]:
    """Each figure as `would / was`; times in the zone."""
    since, until = _shown(report.since, zone), _shown(report.until, zone)
    yield (
        f"{report.events:,} events received from {since} to {until}, "
        f"after {report.warm_up_events:,} of the warm-up from {_shown(report.warm_up_from, zone)}"
    )
    yield "Each figure: would / was"
    if report.not_replayed:
        yield f"Not replayed, for what was owed then is not kept: {', '.join(report.not_replayed)}"
    yield from _part("Rule", ((rule.rule, rule) for rule in report.rules if _moved(rule)))
    quiet = sum(not _moved(rule) for rule in report.rules)
    yield from _rows([("all", report.total)])
    yield f"{quiet} further rules raised nothing, then or now"
    yield ""
    yield "Raised in both, only now, only then"
    for rule in report.rules:
        if rule.same or rule.only_would or rule.only_was:
            counts = " ".join(f"{count:>8,}" for count in (rule.same, rule.only_would, rule.only_was))
            yield f"  {_wide(rule.rule, 32)} {counts}{'' if rule.title else '  (not in this file)'}"
    yield from _part("School", ((one.school, one) for one in report.schools if _moved(one)))
    yield from _part("Day", ((one.day, one) for one in report.days))
    yield from _part(
        "Noisiest devices", ((f"{one.school} {one.device}", one) for one in report.noisiest_devices)
    )
    if report.examples:
        yield from ("", "Examples of what would have been raised")
    for example in report.examples:
        yield from _example(example, zone)
    if report.missed:
        yield from ("", "Examples of what was raised and would not have been")
    for missed in report.missed:
        yield f"  {_shown(missed.raised_at, zone)}  {missed.rule}  {' '.join(missed.key)}"


def _part(name: str, compared: Iterable[tuple[str, Comparison]]) -> Iterator[str]:
    yield ""
    yield f"{_wide(name, 34)} " + " ".join(f"{head:>15}" for head in HEADS)
    yield from _rows(compared)


def _rows(compared: Iterable[tuple[str, Comparison]]) -> Iterator[str]:
    for name, one in compared:
        both = zip(_cells(one.would), _cells(one.was), strict=True)
        yield f"  {_wide(name, 32)} " + " ".join(f"{f'{would} / {was}':>15}" for would, was in both)


def _cells(figures: Figures) -> list[str]:
    counts = (figures.raised, figures.severity_raised, figures.reopened, figures.resolved)
    lengths = ["-", "-"]
    if figures.ended:
        mean = figures.open_milliseconds / figures.ended
        lengths = [_length(mean), _length(figures.longest_open_milliseconds)]
    return [*(f"{count:,}" for count in counts), *lengths, f"{figures.still_open:,}"]


def _length(milliseconds: float) -> str:
    return show_duration(timedelta(seconds=round(milliseconds / 1000)))


def _moved(one: Comparison) -> bool:
    return one.would != Figures() or one.was != Figures()


def _example(example: Example, zone: tzinfo) -> Iterator[str]:
    end = "still open" if example.resolved_at is None else f"resolved {_shown(example.resolved_at, zone)}"
    yield (
        f"  {_shown(example.raised_at, zone)}  {example.severity}  {example.rule}  {' '.join(example.key)}  "
        f"{end}, count {example.count}"
    )
    if example.values:
        yield f"      {', '.join(f'{name} {_value(value)}' for name, value in example.values.items())}"


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime(_TIME)


def _wide(text: str, width: int) -> str:
    """Padded by what it takes on a screen, where a Chinese character is two columns wide."""
    taken = sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
    return text + " " * max(0, width - taken)
