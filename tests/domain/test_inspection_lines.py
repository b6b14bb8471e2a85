"""Lines of past inspections: heads that cannot be are named, cells become what would have been submitted."""

from typing import Any

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.inspection_lines import body_of, read_heads

BASE = ["cafeteria", "date"]


def body(heads: list[str], *cells: str) -> dict[str, Any]:
    return body_of(read_heads([*BASE, *heads]), ["c1", "2026-01-05", *cells])


@pytest.mark.parametrize(
    ("heads", "cells", "expected"),
    [
        (["sections.1", "sections.2"], ["9", ""], {"sections": ["9", None]}),
        (["sections.2", "sections.1"], ["8.5", "9"], {"sections": ["9", "8.5"]}),
        (["sections.1", "sections.2"], ["", " "], {}),
        (["sections"], ["10;9; 8.5;"], {"sections": ["10", "9", "8.5", None]}),
        (["general.checked", "general.passed"], ["20", "19"], {"general": {"checked": "20", "passed": "19"}}),
        (
            ["items.1.1", "items.2.1", "items.2.2"],
            ["PASS", "", "fail"],
            {"items": [{"code": "1.1", "result": "pass"}, {"code": "2.2", "result": "fail"}]},
        ),
        (["key_items_failed", "note"], ["0", "a; b"], {"key_items_failed": "0", "note": "a; b"}),
        (["severe"], ["TRUE"], {"severe": True}),
        (
            ["licence_issued", "hygiene"],
            ["2020/1/5", "05.0"],
            {"licence_issued": "2020-01-05", "hygiene": "5"},
        ),
        (["licence_issued", "scheme"], ["", "uk.fhrs"], {"scheme": "uk.fhrs"}),
        (["note", "inspector"], ["only one"], {"note": "only one"}),
    ],
)
def test_cells_become_a_body(heads: list[str], cells: list[str], expected: dict[str, Any]) -> None:
    assert body(heads, *cells) == {"cafeteria": "c1", "date": "2026-01-05", **expected}


@pytest.mark.parametrize(
    ("heads", "place", "reason"),
    [
        (["cafeteria"], "date", "the column is missing"),
        ([*BASE, "date"], "date", "the column stands there twice"),
        ([*BASE, "Score"], "Score", "the column is not known"),
        ([*BASE, ""], "", "the column is not known"),
        ([*BASE, "sections."], "sections.", "the column is not known"),
        ([*BASE, "sections.1", "sections.3"], "sections", "sections.1 to sections.3 must all be there"),
    ],
)
def test_a_head_that_cannot_be_is_named(heads: list[str], place: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        read_heads(heads)
    assert any(where == place and reason in why for where, why in refused.value.problems), (
        refused.value.problems
    )


def test_a_day_as_excel_writes_it() -> None:
    assert body_of(read_heads(BASE), ["c1", "2026/3/9"])["date"] == "2026-03-09"
    assert body_of(read_heads(BASE), ["c1", "9/3/2026"])["date"] == "9/3/2026"


def test_a_line_that_is_too_long_is_refused() -> None:
    with pytest.raises(Refused, match="3 cells for 2 columns"):
        body_of(read_heads(BASE), ["c1", "2026-01-05", "more"])
