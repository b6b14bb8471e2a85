"""Gateways over the API: how far each is receipted, and what is missing."""

from collections.abc import Callable

from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.domain.receipts import Numbering
from safety_service.store import gateways
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL


def test_gateways_tell_their_receipt_and_their_gap(
    client_as: Callable[[str], TestClient], two_schools: Engine
) -> None:
    whole = Numbering(school=SCHOOL, gateway="a", covered=12, heard_at=NOW)
    gap = Numbering(school=OTHER_SCHOOL, gateway="b", covered=3, beyond=[[7, 9], [12, 12]], gap_since=NOW)
    new = Numbering(school=OTHER_SCHOOL, gateway="c", beyond=[[7, 9]], first_at=NOW)
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        gateways.save(session, [whole, gap, new])
    client = client_as("admin")
    found = client.get("/api/v1/gateways").json()["items"]
    assert [(one["gateway"], one["covered"]) for one in found] == [("a", 12), ("b", 3), ("c", None)]
    assert [one["open_gap"] for one in found] == [
        None,
        {"first_missing": 4, "last_missing": 6, "since": "2026-09-01T00:00:00Z"},
        None,
    ]
    only = client.get("/api/v1/gateways", params={"school": OTHER_SCHOOL}).json()["items"]
    assert [one["gateway"] for one in only] == ["b", "c"]
