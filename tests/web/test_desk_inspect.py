"""The duty desk and the inspector's page in a real browser, against the app on a port of its own."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.api.pages import LOCALES
from safety_service.blobs import FolderBlobs
from safety_service.domain.snapshots import path_of
from safety_service.main import create_app
from safety_service.runtime import prepare
from safety_service.settings import Settings
from safety_service.store import counters, snapshots
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, StoredAlert
from safety_service.store.tables_cafeteria import Cafeteria, Inspection
from tests.canteens import picture, sha256
from tests.conftest import SCHOOL, add_two_schools
from tests.e2e.service_process import until
from tests.people import PASSWORD, add_one_of_each_role
from tests.postgres import free_port

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
CAFETERIA = f"{SCHOOL}-c1"
ALERTS = (
    ("no_mask", "warning", 50),
    ("smoke", "critical", 3),
    ("intrusion", "major", 20),
    ("smoke", "critical", 9),
)


@contextmanager
def served(engine: Engine, settings: Settings) -> Iterator[str]:
    """The app at an address of its own, in this process."""
    port = free_port()
    config = uvicorn.Config(
        create_app(settings, engine), port=port, log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "the app listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def address(sqlite_engine: Engine, settings: Settings) -> Iterator[str]:
    now = datetime.now(UTC)
    add_two_schools(sqlite_engine)
    add_one_of_each_role(sqlite_engine, now, [SCHOOL])
    _seed(sqlite_engine, now)
    prepare(settings, sqlite_engine)
    with served(sqlite_engine, settings) as found:
        yield found


def _seed(engine: Engine, now: datetime) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.add(Cafeteria(id=CAFETERIA, school=SCHOOL, name_zh="第一小学食堂", name_en="Canteen 1"))
        for number, (kind, severity, minutes) in enumerate(ALERTS, 1):
            raised = now - timedelta(minutes=minutes)
            session.add(
                StoredAlert(
                    id=number,
                    rule=kind,
                    rule_version="1",
                    key=f'["{SCHOOL}","{number}"]',
                    school=SCHOOL,
                    kind=kind,
                    device=f"cam-{number}",
                    zone="kitchen",
                    title={"zh": f"告警{number}", "en": f"Alert {number}"},
                    severity=severity,
                    raised_at=raised,
                    last_seen_at=raised,
                    condition="firing",
                    count=1,
                )
            )
            session.flush()
            session.add(
                AlertTransition(
                    number=number,
                    alert_id=number,
                    school=SCHOOL,
                    change="raised",
                    at=raised,
                    severity=severity,
                    condition="firing",
                    actor="rule",
                )
            )
        counters.take(session, "alert", len(ALERTS))
        counters.take(session, counters.TRANSITIONS, len(ALERTS))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield found
        found.close()


@contextmanager
def visitor(browser: Browser, address: str, width: int = 1280, height: int = 860) -> Iterator[Page]:
    """A page of a new person; fails on any error that the page or its console tells of."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(20_000)
    told: list[str] = []
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    page.goto(address)
    yield page
    context.close()
    # Chromium itself reports the answers with which every sign-in begins, and the ones a test provokes.
    assert [text for text in told if not text.startswith("Failed to load resource")] == []


def sign_in(page: Page, name: str) -> None:
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click(".login button:not(.quiet)")


def rows(page: Page) -> list[str | None]:
    return [row.get_attribute("data-alert") for row in page.locator("[data-alert]").all()]


def stored(engine: Engine, number: int) -> StoredAlert:
    with session_scope(engine, EVERY_SCHOOL) as session:
        alert = session.get(StoredAlert, number)
        assert alert is not None
        return alert


def test_desk_lists_worst_and_oldest_first_and_handles_by_keyboard(
    browser: Browser, address: str, sqlite_engine: Engine
) -> None:
    with visitor(browser, f"{address}/desk") as page:
        sign_in(page, "security")
        expect(page.locator("[data-alert]")).to_have_count(4)
        assert rows(page) == ["4", "2", "3", "1"]
        expect(page.locator(".live")).to_be_visible()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(page.locator("[data-alert='4']")).to_have_attribute("aria-current", "true")
        page.keyboard.press("a")
        expect(page.locator("[data-change=acknowledged]")).to_be_visible()
        assert stored(sqlite_engine, 4).acknowledged_by == "security"
        page.keyboard.press("c")
        page.select_option("select[name=disposition]", "drill")
        page.fill("textarea[name=comment]", "季度演练")
        page.click("[data-do=close-now]")
        expect(page.locator("[data-change=closed]")).to_contain_text("演练")
        expect(page.locator("[data-alert='4']")).to_have_count(0)
        assert stored(sqlite_engine, 4).disposition == "drill"
        page.click("[data-do=reopen]")
        expect(page.locator("[data-alert='4']")).to_have_count(1)
        assert stored(sqlite_engine, 4).closed_at is None


def test_desk_hears_of_what_another_person_does(browser: Browser, address: str) -> None:
    with (
        visitor(browser, f"{address}/desk") as one,
        visitor(browser, f"{address}/desk") as two,
    ):
        sign_in(one, "security")
        sign_in(two, "admin")
        expect(one.locator(".live")).to_be_visible()
        two.locator("[data-alert='2'] .row-claim").click()
        expect(one.locator("[data-alert='2']")).to_contain_text("admin")
        two.locator("[data-alert='2'] .row-open").click()
        two.fill("input[name=remark]", "已派人")
        two.click("[data-do=comment]")
        expect(two.locator("[data-change=commented]")).to_contain_text("已派人")


def test_desk_filters_live_in_the_address(browser: Browser, address: str) -> None:
    with visitor(browser, f"{address}/desk?severity=major") as page:
        sign_in(page, "security")
        expect(page.locator("[data-alert]")).to_have_count(1)
        page.click("[data-level=warning]")
        expect(page.locator("[data-alert]")).to_have_count(2)
        page.select_option("select[name=school]", SCHOOL)
        page.wait_for_url(f"**/desk?severity=major,warning&school={SCHOOL}")
        page.reload()
        expect(page.locator("[data-alert]")).to_have_count(2)
        page.click("[data-tool=language]")
        expect(page.locator("h1")).to_have_text("Duty desk")


def test_who_may_only_look_gets_no_buttons(browser: Browser, address: str) -> None:
    with visitor(browser, f"{address}/desk") as page:
        sign_in(page, "viewer")
        page.locator("[data-alert='2'] .row-open").click()
        expect(page.locator("[data-change=raised]")).to_be_visible()
        expect(page.locator("[data-do], .row-claim")).to_have_count(0)


def show(engine: Engine, number: int, address: str) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        alert = session.get(StoredAlert, number)
        assert alert is not None
        alert.snapshot_url = address


def test_the_picture_of_an_alert_is_shown(
    browser: Browser, address: str, sqlite_engine: Engine, settings: Settings
) -> None:
    content = picture(320, 240)
    FolderBlobs(settings.snapshots_dir).put(sha256(content), io.BytesIO(content))
    with session_scope(sqlite_engine, EVERY_SCHOOL, write=True) as session:
        rows = {(sha256(content), SCHOOL): ("image/jpeg", len(content))}
        snapshots.add(session, rows, datetime.now(UTC))
    show(sqlite_engine, 2, path_of(sha256(content)))
    show(sqlite_engine, 4, path_of("0" * 64))
    show(sqlite_engine, 3, "http://cam.school/1.jpg")
    with visitor(browser, f"{address}/desk") as page:
        sign_in(page, "security")
        page.locator("[data-alert='2'] .row-open").click()
        expect(page.locator(".picture img")).to_have_js_property("naturalWidth", 320)
        page.locator("[data-alert='4'] .row-open").click()
        expect(page.get_by_text("图片已不再保存")).to_be_visible()
        page.locator("[data-alert='3'] .row-open").click()
        expect(page.get_by_text("打开图片")).to_have_attribute("href", "http://cam.school/1.jpg")
        # The service has fetched it meanwhile.
        show(sqlite_engine, 3, path_of(sha256(content)))
        expect(page.locator(".picture img")).to_have_js_property("naturalWidth", 320)


def answer_all(page: Page) -> None:
    """Every graded item passes, but 2.1."""
    graded = page.locator("[data-item]:not([data-item^=S])")
    expect(graded).to_have_count(30)
    for item in graded.all():
        item.locator("[data-result=pass]").click()
    page.locator("[data-item='2.1'] [data-result=fail]").click()
    page.fill("textarea[name='note-2.1']", "许可证未悬挂")


def visits(engine: Engine) -> list[Inspection]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return list(session.exec(select(Inspection)))


def test_inspection_survives_a_reload_and_shows_what_it_came_to(
    browser: Browser, address: str, sqlite_engine: Engine
) -> None:
    with visitor(browser, f"{address}/inspect?cafeteria={CAFETERIA}", 390, 844) as page:
        sign_in(page, "inspector")
        expect(page.locator("[data-do=submit]")).to_be_disabled()
        answer_all(page)
        page.reload()
        expect(page.locator("textarea[name='note-2.1']")).to_have_value("许可证未悬挂")
        page.click("[data-do=submit]")
        expect(page.locator("[data-grade]")).to_have_text("优秀")
        expect(page.locator("[data-decided]")).to_contain_text("优秀")
        (visit,) = visits(sqlite_engine)
        expect(page.locator("[data-score]")).to_contain_text(str(visit.score))
        assert visit.submitted_by == "inspector"
        (failed,) = [item for item in visit.result["reckoning"]["items"] if item["result"] == "fail"]
        assert (failed["code"], failed["note"]) == ("2.1", "许可证未悬挂")
        assert page.evaluate("Object.keys(localStorage).filter((key) => key.includes('inspect'))") == []


def test_what_was_sent_and_lost_its_answer_is_stored_once(
    browser: Browser, address: str, sqlite_engine: Engine
) -> None:
    keys: list[str | None] = []

    def swallow(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    with visitor(browser, f"{address}/inspect") as page:
        sign_in(page, "inspector")
        page.click(f"[data-cafeteria='{CAFETERIA}']")
        answer_all(page)
        page.route("**/inspections", swallow)
        page.click("[data-do=submit]")
        expect(page.locator(".send .trouble")).to_be_visible()
        expect(page.locator("[data-item='1.1'] [data-result=fail]")).to_be_disabled()
        page.reload()
        page.click("[data-do=submit]")
        expect(page.locator("[data-grade]")).to_be_visible()
        assert len(keys) == 2
        assert keys[0] is not None
        assert keys[0] == keys[1]
        assert len(visits(sqlite_engine)) == 1


def test_refused_inspection_keeps_the_draft_and_says_why(
    browser: Browser, address: str, sqlite_engine: Engine
) -> None:
    with visitor(browser, f"{address}/inspect?cafeteria={CAFETERIA}") as page:
        sign_in(page, "inspector")
        answer_all(page)
        page.fill("input[name=date]", "2199-01-01")
        page.click("[data-do=submit]")
        expect(page.locator(".send .trouble")).to_contain_text("2199-01-01 is in the future")
        expect(page.locator("[data-item='2.1'] [data-result=fail]")).to_have_attribute("aria-pressed", "true")
        assert visits(sqlite_engine) == []
        page.fill("input[name=date]", "2026-01-01")
        page.click("[data-do=submit]")
        expect(page.locator("[data-grade]")).to_be_visible()


def test_both_languages_say_the_same_things() -> None:
    chinese, english = (json.loads((LOCALES / f"{name}.json").read_text()) for name in ("zh", "en"))
    mine = [key for key in {**chinese, **english} if key.startswith(("desk.", "inspect."))]
    assert mine
    assert [key for key in mine if not (chinese.get(key) and english.get(key))] == []
