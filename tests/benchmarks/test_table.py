"""The arithmetic behind the figures: rates, slopes, quantiles, and what counts as held."""

from pathlib import Path

import pytest

from tests.benchmarks import document, table
from tests.benchmarks.readings import Reading, cpu_per_event, quantile, rate_until, slope

MACHINE = [("cores", "2")]


def test_a_rate_leaves_out_the_time_before_the_first_and_after_the_last() -> None:
    timeline = [(0.0, 5), (10.0, 5), (11.0, 105), (12.0, 205), (20.0, 205)]
    assert rate_until(timeline) == 100
    assert rate_until(timeline, 11.5) == 100
    assert rate_until([(0.0, 5), (10.0, 5)]) == 0


def test_a_slope_is_that_of_the_line() -> None:
    assert slope([(0.0, 10), (1.0, 13), (2.0, 16)]) == pytest.approx(3)
    assert slope([(0.0, 7)]) == 0


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_quantile(share: float, value: int) -> None:
    assert quantile(range(100, 0, -1), share) == value


def test_cpu_is_told_for_each_process_and_event() -> None:
    first = Reading(at=0, received=0, committed=0, processed=100, backlog=0, cpu={"serve": 1.0})
    last = Reading(
        at=9, received=0, committed=0, processed=200, backlog=0, cpu={"serve": 1.5, "child 1": 0.1}
    )
    assert cpu_per_event(first, last) == pytest.approx({"serve": 5000, "child 1": 1000})


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        (table.at_least("a", 75, "/s", 100, share=0.75), True),
        (table.at_least("a", 74, "/s", 100, share=0.75), False),
        (table.at_most("a", 12, "s", 10, share=1.2), True),
        (table.at_most("a", 13, "s", 10, share=1.2), False),
        (table.told("a", 13, "s"), None),
    ],
)
def test_holds(row: table.Row, holds: bool | None) -> None:
    assert row.holds is holds


def test_writing_keeps_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{document.BEGIN}\nstale\n{document.END}\nafter\n", encoding="utf-8")
    document.write(path, [table.at_most("x: late", 2, "s", 1)], "the command")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "stale" not in text
    assert "| x: late | 2 s | 1 (≤ issue) | 2.00 | NO |" in text
    assert "`the command`" in text


def test_a_document_without_marks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text("by hand", encoding="utf-8")
    with pytest.raises(ValueError, match="no marks"):
        document.write(path, [], "the command")
    assert path.read_text(encoding="utf-8") == "by hand"
