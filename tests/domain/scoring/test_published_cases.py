"""Every published case comes out exactly, types too, and what was stored scores the same again."""

import json
from typing import Any

import pytest

from safety_service.domain.scoring.form import score_form
from safety_service.domain.scoring.score import score
from safety_service.services.schemes import known_schemes
from tests.domain.scoring.cases import PUBLISHED, Case


def exactly(expected: dict[str, Any], got: dict[str, Any]) -> bool:
    """Through JSON, so that 5, "5" and 5.0 are three different things."""
    return json.dumps(expected) == json.dumps({name: got.get(name) for name in expected})


@pytest.mark.parametrize("case", PUBLISHED.values(), ids=PUBLISHED)
def test_a_published_case(case: Case) -> None:
    scheme_id, inputs, expected = case
    scheme = known_schemes()[scheme_id][-1]
    result = score_form(scheme, inputs)
    assert exactly(expected, result.as_json()), result.outputs
    assert (result.as_json()["scheme"], result.as_json()["version"]) == (scheme_id, scheme.version)
    assert result.decided_by["why"].keys() == {"zh", "en"}
    again = score(scheme, result.inputs)
    assert again == result


def test_every_scheme_has_a_published_case() -> None:
    assert {case[0] for case in PUBLISHED.values()} == set(known_schemes())
