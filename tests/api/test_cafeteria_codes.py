"""The QR code of a canteen door: the address that it holds, and who may draw it."""

from collections.abc import Callable
from xml.etree.ElementTree import fromstring

import pytest
import segno
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from safety_service.main import create_app
from safety_service.settings import Settings
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_cafeteria import Cafeteria
from tests.conftest import OTHER_SCHOOL, SCHOOL, Clock, add_two_schools
from tests.people import add_one_of_each_role, log_in

PATH = "/api/v1/cafeterias/{}-c1/qr.svg"


@pytest.fixture
def client_of(sqlite_engine: Engine, settings: Settings, clock: Clock) -> Callable[[str | None], TestClient]:
    """`client_of(public_url)`: the inspector of SCHOOL."""
    add_two_schools(sqlite_engine)
    add_one_of_each_role(sqlite_engine, clock.now, [SCHOOL])
    with session_scope(sqlite_engine, EVERY_SCHOOL, write=True) as session:
        session.add_all(
            Cafeteria(id=f"{code}-c1", school=code, name_zh="食堂", name_en="Canteen")
            for code in (SCHOOL, OTHER_SCHOOL)
        )

    def get(public_url: str | None) -> TestClient:
        known = settings.model_copy(
            update={"public_url": public_url, "secret_key": SecretStr("of the tests")}
        )
        return log_in(create_app(known, sqlite_engine, clock=clock), "inspector")

    return get


@pytest.mark.parametrize(
    ("public_url", "base"),
    [(None, "http://testserver"), ("https://safety.example/", "https://safety.example")],
)
def test_the_code_leads_to_the_inspectors_page(
    client_of: Callable[[str | None], TestClient], public_url: str | None, base: str
) -> None:
    answer = client_of(public_url).get(PATH.format(SCHOOL))
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    drawing = fromstring(answer.text)
    lines = [element.attrib["d"] for element in drawing.iter() if element.tag.endswith("path")]
    wanted = segno.make_qr(f"{base}/inspect?cafeteria={SCHOOL}-c1", error="q")
    other = segno.make_qr(f"{base}/inspect?cafeteria={OTHER_SCHOOL}-c1", error="q")
    assert lines[-1:] == [path_of(wanted)]
    assert lines[-1:] != [path_of(other)]


def path_of(code: segno.QRCode) -> str:
    drawing = fromstring(code.svg_inline(border=2))
    return [element.attrib["d"] for element in drawing.iter() if element.tag.endswith("path")][-1]


def test_no_code_for_a_cafeteria_of_another_school(client_of: Callable[[str | None], TestClient]) -> None:
    client = client_of(None)
    assert client.get(PATH.format(OTHER_SCHOOL)).status_code == 404
    client.headers.pop("Authorization")
    assert client.get(PATH.format(SCHOOL)).status_code == 401
