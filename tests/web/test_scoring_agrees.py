"""The score on the inspector's phone is the one the service gives: the same forms through both."""

import json
import random
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from safety_service.domain.inspections import with_known_facts
from safety_service.domain.scoring.form import score_form
from safety_service.domain.scoring.scheme import Scheme
from safety_service.services.schemes import known_schemes

NODE = shutil.which("node")
SCHEME = "cn.dynamic_2012"
FORMS = 600
FACTS = ("licence_issued", "accident", "penalty_beyond_warning")


def the_page_says(scheme: Scheme, forms: list[dict[str, Any]]) -> list[Any]:
    assert NODE is not None
    command = [NODE, "--experimental-default-type=module", str(Path(__file__).parent / "score_forms.mjs")]
    sent = json.dumps({"scheme": scheme.model_dump(mode="json"), "forms": forms})
    done = subprocess.run(command, input=sent, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def the_service_says(scheme: Scheme, form: dict[str, Any]) -> dict[str, Any]:
    day = date.fromisoformat(form["date"])
    known = {name: date.fromisoformat(text) if text else None for name, text in form["cafeteria"].items()}
    facts = with_known_facts(scheme, {"date": form["date"], "items": form["items"]}, known, day)
    outputs = score_form(scheme, facts).outputs
    return {"value": outputs["score"], **{name: outputs[name] for name in ("grade", "icon", "reason")}}


def some_form(scheme: Scheme, chance: random.Random) -> dict[str, Any]:
    """Mostly good ones, as real visits are, so that every band and every limit is met."""
    assert scheme.checklist is not None
    fails, absences = chance.choice((0.02, 0.1, 0.3, 0.6)), chance.choice((0, 0, 0.1, 0.5))
    day = date(2026, 1, 31) + timedelta(days=chance.randrange(400))
    items: list[dict[str, Any]] = []
    for item in scheme.checklist.all_items():
        roll = chance.random()
        result = "absent" if roll < absences else "fail" if roll < absences + fails else "pass"
        answer = {"code": item.code, "result": result}
        if result == "fail" and chance.random() < 0.4:
            answer["points"] = str(item.points * chance.randrange(4) / 4)
        items.append(answer)
    ages = {name: chance.choice((None, None, chance.randrange(-20, 250))) for name in FACTS}
    facts = {
        name: (day - timedelta(days=age)).isoformat() if age is not None else None
        for name, age in ages.items()
    }
    return {"date": day.isoformat(), "cafeteria": facts, "items": items}


@pytest.mark.skipif(NODE is None, reason="needs Node")
def test_every_form_has_one_score() -> None:
    scheme = known_schemes()[SCHEME][-1]
    chance = random.Random(20260901)
    assert scheme.checklist is not None
    graded = len(scheme.checklist.items)
    forms = [some_form(scheme, chance) for _ in range(FORMS)]
    forms = [form for form in forms if any(item["result"] != "absent" for item in form["items"][:graded])]
    expected = [the_service_says(scheme, form) for form in forms]
    assert the_page_says(scheme, forms) == expected
    met = {entry["grade"] or entry["reason"] for entry in expected}
    assert met >= {band.grade for band in scheme.bands} | {each.reason for each in scheme.overrides}


@pytest.mark.skipif(NODE is None, reason="needs Node")
def test_what_the_page_does_not_know_it_does_not_score() -> None:
    scheme = known_schemes()[SCHEME][-1]
    form = some_form(scheme, random.Random(1))
    other = scheme.model_copy(update={"measure": known_schemes()["cn.annual_2012"][-1].measure})
    assert the_page_says(other, [form]) == [None]
