"""The inspector's page in a real browser: flight mode, a killed tab, a server that fails; nothing is lost."""

import hashlib
import io
import itertools
import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Error, FilePayload, Page, expect
from sqlalchemy import Engine
from sqlmodel import select
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safety_service.api import shell
from safety_service.api.pages import LOCALES, WEB
from safety_service.blobs import FolderBlobs
from safety_service.main import create_app
from safety_service.runtime import prepare
from safety_service.settings import Settings
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_cafeteria import Cafeteria, Inspection
from tests.browsing import PLAIN_HOST, chromium, served, sign_in, visitor
from tests.conftest import OTHER_SCHOOL, SCHOOL, add_two_schools
from tests.people import PASSWORD, add_one_of_each_role

pytestmark = pytest.mark.browser

PLACES = [f"{SCHOOL}-c{number}" for number in (1, 2, 3)]
PHONE = (360, 640)
RED = (220, 20, 20)
FILES_KEPT = """async () => {
  const asked = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const box = await asked(indexedDB.open("campus-inspect"));
  return asked(box.transaction("files").objectStore("files").getAllKeys());
}"""


class Unreliable:
    """The app behind a network that fails every second write: in turn the answer is lost, or all of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.failing = False
        self._turns = itertools.cycle(("no answer", "fine", "lost", "fine"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        write = scope["type"] == "http" and re.search(r"/(inspections|attachments/\w+)$", scope["path"])
        turn = next(self._turns) if self.failing and write and scope["method"] in {"POST", "PUT"} else "fine"
        if turn == "fine":
            await self.app(scope, receive, send)
            return
        if turn == "no answer":
            await self.app(scope, receive, _nowhere)
        await PlainTextResponse("upstream is away", 503)(scope, receive, send)


async def _nowhere(_message: Message) -> None:
    pass


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def service(sqlite_engine: Engine, settings: Settings) -> Unreliable:
    add_two_schools(sqlite_engine)
    add_one_of_each_role(sqlite_engine, datetime.now(UTC), [SCHOOL])
    with session_scope(sqlite_engine, EVERY_SCHOOL, write=True) as session:
        for number, place in enumerate(PLACES, 1):
            session.add(
                Cafeteria(id=place, school=SCHOOL, name_zh=f"第{number}食堂", name_en=f"Canteen {number}")
            )
        session.add(
            Cafeteria(id=f"{OTHER_SCHOOL}-c1", school=OTHER_SCHOOL, name_zh="别校食堂", name_en="Other")
        )
    prepare(settings, sqlite_engine)
    return Unreliable(create_app(settings, sqlite_engine))


@pytest.fixture
def address(service: Unreliable) -> Iterator[str]:
    with served(service) as found:
        yield found


def photo(shade: int) -> FilePayload:
    """As a phone writes it: lying on its side with a mark top left, and with the place where it was taken."""
    image = Image.effect_noise((600, 400), 60).resize((3000, 2000)).convert("RGB")
    ImageDraw.Draw(image).rectangle((0, 0, 900, 600), fill=(*RED[:2], shade))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 3.0, 58.0), 3: "E", 4: (116.0, 18.0, 42.0)})
    content = io.BytesIO()
    image.save(content, "JPEG", quality=92, exif=exif)
    return {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": content.getvalue()}


def pass_all(page: Page) -> None:
    """Every graded item, tap after tap without a pause."""
    expect(page.locator("[data-item]:not([data-item^=S])")).to_have_count(30)
    page.eval_on_selector_all(
        "[data-item]:not([data-item^=S]) [data-result=pass]", "all => all.forEach((button) => button.click())"
    )
    expect(page.locator("[data-do=submit]")).to_be_visible()


def fail(page: Page, code: str, shade: int) -> None:
    item = page.locator(f"[data-item='{code}']")
    item.locator("[data-result=fail]").click()
    item.locator(f"[name='note-{code}']").fill("许可证未悬挂")
    item.locator(f"[name='owner-{code}']").fill("王强")
    item.locator(".due-choices button").nth(2).click()
    item.locator("input[type=file]").set_input_files(photo(shade))
    expect(item.locator("[data-photo]")).to_have_count(1)


def sign(page: Page) -> None:
    pad = page.locator("[data-pad=inspector] canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page.locator("[data-pad=inspector] [data-do=sign-again]")).to_be_visible()


def submit(page: Page) -> None:
    page.click("[data-do=submit]")
    page.click("[data-do=confirm]")
    expect(page.locator(".outcome")).to_be_visible()


def kill_tab(page: Page) -> None:
    """The process behind the page gets no word of it, as when a phone runs out of memory."""
    browser = page.context.browser
    assert browser is not None
    with page.expect_event("crash"):
        for process in browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]:
            if process["type"] == "renderer":
                os.kill(process["id"], signal.SIGKILL)
    page.close()


def visits(engine: Engine) -> list[Inspection]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return list(session.exec(select(Inspection).order_by("id")))


def test_three_visits_in_flight_mode_arrive_once_and_whole(
    browser: Browser, address: str, service: Unreliable, sqlite_engine: Engine, settings: Settings
) -> None:
    with visitor(browser, f"{address}/inspect", *PHONE) as page:
        context = page.context
        sign_in(page, "inspector")
        expect(page.locator("[data-cafeteria]")).to_have_count(3)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        context.set_offline(True)
        page.reload()
        for number, place in enumerate(PLACES):
            page.goto(f"{address}/inspect/{place}" if number else f"{address}/inspect?cafeteria={place}")
            pass_all(page)
            fail(page, "2.1", 60 + number * 40)
            if number == 1:
                kill_tab(page)
                page = context.new_page()
                page.goto(f"{address}/inspect?cafeteria={place}")
                expect(page.locator("[data-count]")).to_contain_text("30 / 30")
                expect(page.locator("[data-item='2.1'] [data-photo]")).to_have_count(1)
                expect(page.locator("[name='note-2.1']")).to_have_value("许可证未悬挂")
            sign(page)
            said = page.locator("[data-live-score]").inner_text()
            submit(page)
        expect(page.locator(".queue")).to_have_attribute("data-waiting", "3")
        on_phone = {sha256 for _, sha256 in page.evaluate(FILES_KEPT)}
        assert len(on_phone) == 6
        assert visits(sqlite_engine) == []

        service.failing = True
        context.set_offline(False)
        retry = page.locator("[data-do=retry]:enabled")
        for _ in range(60):
            with suppress(Error):
                retry.click(timeout=500)
            if page.locator(".queue").count() == 0:
                break
        expect(page.locator(".queue")).to_have_count(0)
        expect(page.locator(".stored")).to_be_visible()
        assert page.evaluate(FILES_KEPT) == []
        page.goto(f"{address}/inspect?cafeteria={PLACES[0]}")
        page.click("[data-do=again]")
        expect(page.locator("[data-item='2.1'] [data-owed=open]")).to_contain_text("王强")
        expect(page.locator("[data-owed]")).to_have_count(1)

    stored = visits(sqlite_engine)
    assert [visit.cafeteria for visit in stored] == PLACES
    assert {visit.score for visit in stored} == {said}
    assert {file["sha256"] for visit in stored for file in visit.attachments} == on_phone
    answers = [item for visit in stored for item in visit.result["reckoning"]["items"]]
    assert [item["note"] for item in answers if item["result"] == "fail"] == ["许可证未悬挂"] * 3
    look_at_files(FolderBlobs(settings.files_dir), stored)


def look_at_files(blobs: FolderBlobs, stored: list[Inspection]) -> None:
    """What lies at the service is what the phone hashed: small, upright, and without the camera's notes."""
    for visit in stored:
        photos, signatures = (
            [file for file in visit.attachments if file["role"] == role] for role in ("photo", "signature")
        )
        assert (len(photos), len(signatures)) == (1, 1)
        for file in visit.attachments:
            with blobs.open(file["sha256"]) as opened:
                content = opened.read()
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
            assert len(content) == file["size"] <= 200_000
            image: Any = Image.open(io.BytesIO(content))
            assert dict(image.getexif()) == {}
            if file["role"] == "photo":
                assert image.height > image.width
                red, green, _ = image.getpixel((image.width - 20, 20))
                assert (red > 180, green < 60) == (True, True)


def test_refused_comes_back_with_its_reason_and_a_lost_sign_in_loses_nothing(
    browser: Browser, address: str, sqlite_engine: Engine
) -> None:
    with visitor(browser, f"{address}/inspect?cafeteria={PLACES[0]}", *PHONE) as page:
        page.context.grant_permissions(["geolocation"])
        page.context.set_geolocation({"latitude": 35.0661234567891, "longitude": 116.3117, "accuracy": 12})
        sign_in(page, "inspector")
        pass_all(page)
        expect(page.locator(".facts summary")).to_contain_text("位置已记录")
        page.click(".facts summary")
        page.fill("input[name=second]", "赵刚")
        page.fill("input[name=date]", "2001-01-01")
        submit(page)
        expect(page.locator("[data-refused]")).to_contain_text("was in force on 2001-01-01")
        expect(page.locator("[data-item='2.1'] [data-result=pass]")).to_have_attribute("aria-pressed", "true")
        assert visits(sqlite_engine) == []

        end_sessions(address)
        page.fill("input[name=date]", "2026-01-01")
        submit(page)
        expect(page.locator("[data-session=out]")).to_be_visible()
        expect(page.locator(".queue")).to_have_attribute("data-waiting", "1")
        page.reload()
        page.click("[data-do=sign-in]")
        sign_in(page, "inspector")
        expect(page.locator("[data-state=sent]")).to_be_visible()
        expect(page.locator("[data-grade]")).to_have_text("优秀")
        (visit,) = visits(sqlite_engine)
        assert str(visit.visited_on) == "2026-01-01"
        assert visit.inspectors == ["inspector", "赵刚"]
        assert (visit.latitude, visit.longitude, visit.accuracy_m) == (35.0661235, 116.3117, 12)

        page.click("[data-do=correct]")
        page.locator("[data-item='2.1'] [data-result=fail]").click()
        page.fill("[name=note]", "许可证照片核对后更正")
        submit(page)
        expect(page.locator("[data-state=sent]")).to_be_visible()
        expect(page.locator(".failed li")).to_have_count(1)
        _, revision = visits(sqlite_engine)
        assert revision.corrects == visit.id


def end_sessions(address: str) -> None:
    """The inspector signs out on another device, which ends every session."""
    with httpx.Client(base_url=f"{address}/api/v1", trust_env=False) as api:
        form = {"username": "inspector", "password": PASSWORD}
        token = api.post("/auth/token", data=form).json()["access_token"]
        api.post("/auth/logout", headers={"Authorization": f"Bearer {token}"}).raise_for_status()


def test_plain_http_on_a_lan_and_in_english(
    browser: Browser, address: str, sqlite_engine: Engine, settings: Settings
) -> None:
    lan = address.replace("127.0.0.1", PLAIN_HOST)
    with visitor(browser, f"{lan}/inspect?cafeteria={PLACES[0]}&lang=en", *PHONE) as page:
        sign_in(page, "inspector")
        assert page.evaluate("[isSecureContext, crypto.subtle === undefined]") == [False, True]
        pass_all(page)
        fail(page, "2.1", 60)
        sign(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        submit(page)
        expect(page.locator(".stored")).to_contain_text("Stored as number")
        look_at_files(FolderBlobs(settings.files_dir), visits(sqlite_engine))
        page.click("[data-do=again]")
        expect(page.locator("[data-item='2.1'] [data-last]")).to_contain_text("许可证未悬挂")


class Upgraded:
    """The app before and after an upgrade that changed one style sheet."""

    STYLES, WORKER = "/static/inspect/inspect.css", "/inspect/worker.js"

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.done = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.done or scope["type"] != "http" or scope["path"] not in {self.STYLES, self.WORKER}:
            await self.app(scope, receive, send)
            return
        old = (WEB / "inspect" / "inspect.css").read_bytes()
        new = old + b".upgraded { color: red; }"
        before, after = (hashlib.sha256(css).hexdigest() for css in (old, new))
        worker = shell.worker(WEB, LOCALES).replace(before, after)
        script = worker.replace('VERSION = "', 'VERSION = "next-').encode()
        content, kind = (new, "text/css") if scope["path"] == self.STYLES else (script, "text/javascript")
        headers = {"Service-Worker-Allowed": "/inspect", "Cache-Control": "no-cache"}
        await Response(content, media_type=kind, headers=headers)(scope, receive, send)


def test_a_newer_page_comes_whole_and_leaves_the_draft(browser: Browser, service: Unreliable) -> None:
    upgraded = Upgraded(service)
    with served(upgraded) as address, visitor(browser, f"{address}/inspect", *PHONE) as page:
        sign_in(page, "inspector")
        expect(page.locator("[data-cafeteria]")).to_have_count(3)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.goto(f"{address}/inspect?cafeteria={PLACES[0]}")
        pass_all(page)
        upgraded.done = True
        page.evaluate("navigator.serviceWorker.ready.then((worker) => worker.update()).then(() => true)")
        page.click(".notice button")
        expect(page.locator("[data-count]")).to_contain_text("30 / 30")
        (name,) = page.evaluate("caches.keys()")
        assert name.startswith("inspect-next-")
        assert "upgraded" in page.evaluate(
            "fetch('/static/inspect/inspect.css').then((answer) => answer.text())"
        )
        page.context.set_offline(True)
        page.reload()
        expect(page.locator("[data-count]")).to_contain_text("30 / 30")


def test_sheet_shows_the_canteens_of_the_caller(browser: Browser, address: str) -> None:
    with visitor(browser, f"{address}/inspect/sheet") as page:
        sign_in(page, "inspector")
        expect(page.locator("[data-card]")).to_have_count(3)
        for image in page.locator("[data-card] img").all():
            expect(image).to_have_js_property("complete", True)
            expect(image).not_to_have_js_property("naturalWidth", 0)
        page.fill("input[name=wanted]", "Canteen 2")
        expect(page.locator("[data-card]")).to_have_count(1)
        page.emulate_media(media="print")
        expect(page.locator(".controls")).to_be_hidden()
