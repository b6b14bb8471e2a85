"""The guide's worked example is a scheme that loads, and gives what the guide says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from safety_service.domain.scoring.form import score_form
from safety_service.domain.scoring.schemefile import load_scheme
from safety_service.services.schemes import known_schemes
from tests.house.tree import ROOT

GUIDE = (ROOT / "docs" / "schemes.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, flags=re.DOTALL | re.MULTILINE)


OWN = load_scheme(blocks("yaml")[0], "kitchen.yaml")


def test_the_worked_example_gives_what_the_guide_says() -> None:
    visit, printed = (json.loads(block) for block in blocks("json"))
    result = score_form(OWN, visit)
    assert result.outputs == printed
    assert (result.scheme, result.version) == ("jx.kitchen", "1")


@pytest.mark.parametrize(
    ("codes", "closed", "score", "grade", "reason"),
    [
        ([], False, "100.0", "A", None),
        (["K3"], False, "98.5", "A", None),
        (["K1"], False, "96.0", "B", "grave_fault"),
        (["K1", "K2"], False, "89.0", "B", None),
        (["K3"], True, "98.5", None, "closed"),
    ],
)
def test_its_other_rules(
    codes: list[str], closed: bool, score: str, grade: str | None, reason: str | None
) -> None:
    visit: dict[str, Any] = {"date": "2026-09-14", "closed": closed, "faults": [{"code": c} for c in codes]}
    assert score_form(OWN, visit).outputs == {"score": score, "grade": grade, "reason": reason}


def test_the_table_names_every_scheme_that_ships() -> None:
    named = re.findall(r"^\| `([a-z0-9_.]+)` \|", GUIDE, flags=re.MULTILINE)
    assert sorted(named) == list(known_schemes())


def test_the_guide_is_named_where_a_scheme_is_added() -> None:
    developers = Path(ROOT / "docs" / "developers.md").read_text(encoding="utf-8")
    assert "(schemes.md)" in developers
