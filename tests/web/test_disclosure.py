"""The public page of a cafeteria and the sign for its wall, in a real browser and without a login."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from safety_service.main import create_app
from safety_service.settings import Settings
from tests.browsing import chromium, served, visitor
from tests.canteens import HERE, THERE, add_canteens, by_items, by_sections, submit
from tests.conftest import add_two_schools

pytestmark = pytest.mark.browser


@pytest.fixture
def address(sqlite_engine: Engine, settings: Settings) -> Iterator[str]:
    now = datetime.now(UTC)
    today = now.date().isoformat()
    add_two_schools(sqlite_engine)
    add_canteens(sqlite_engine)
    earlier = (now - timedelta(days=200)).date().isoformat()
    submit(sqlite_engine, by_sections(8, date=earlier), "a", now=now)
    body = by_items("2.1", "9.3", inspector="李敏", date=today)
    submit(sqlite_engine, body, "b", now=now)
    public = settings.model_copy(update={"public_disclosure": "all"})
    with served(create_app(public, sqlite_engine)) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_a_parent_reads_the_page_and_the_sign(browser: Browser, address: str) -> None:
    with visitor(browser, f"{address}/disclosure/{HERE}", width=390) as page:
        expect(page.locator("[data-grade-name]")).to_have_text("优秀")
        expect(page.locator("[data-letter]")).to_have_text("B")
        expect(page.locator(".face-big").first).to_be_visible()
        expect(page.locator("[data-item='9.3'] .key")).to_have_text("关键项")
        expect(page.locator("[data-item='2.1'] .state-open")).to_contain_text("整改中")
        expect(page.locator(".visits li")).to_have_count(2)
        expect(page.locator("body")).not_to_contain_text("李敏")
        page.locator("[data-tool='language']").click()
        expect(page.locator("[data-grade-name]")).to_have_text("Excellent")
        expect(page).to_have_title("Primary School 1 canteen · Canteen food safety, published")
        page.locator(".to-sign").click()
        expect(page.locator("main.sign .qr svg")).to_be_visible()
        assert page.locator(".qr").get_attribute("href") == f"{address}/disclosure/{HERE}"
        page.emulate_media(media="print")
        expect(page.locator("header.top")).to_be_hidden()
        expect(page.locator("main.sign .qr svg")).to_be_visible()
        page.emulate_media(media="screen")
        page.goto(f"{address}/disclosure/{THERE}")
        expect(page.locator(".standing-none")).to_have_text("Not yet inspected")
        page.goto(f"{address}/disclosure/nowhere")
        expect(page.locator("[data-none]")).to_have_text("Nothing is published here")
