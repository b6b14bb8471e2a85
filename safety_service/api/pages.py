"""The pages and what they load: all from this package, under a policy that lets nothing else in."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, RedirectResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from safety_service.api.deps import SettingsDep
from safety_service.api.shell import worker

PACKAGE = Path(str(files("safety_service")))
WEB = PACKAGE / "web"
LOCALES = PACKAGE / "data" / "locales"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Revalidated each time by ETag: after an upgrade no screen runs half old, half new.
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


class Assets(StaticFiles):
    """Files of one folder, with the headers of a page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


def page(name: str, status: int = 200) -> FileResponse:
    return FileResponse(WEB / name, status, headers=HEADERS)


@router.get("/")
def root() -> RedirectResponse:
    return RedirectResponse("/screen")


@router.get("/screen")
def screen() -> FileResponse:
    return page("screen.html")


@router.get("/desk")
def desk() -> FileResponse:
    return page("desk.html")


@router.get("/inspect")
def inspect() -> FileResponse:
    return page("inspect.html")


@router.get("/inspect/worker.js")
def inspect_worker() -> Response:
    """Allowed to serve `/inspect` itself, which lies above its own folder."""
    headers = {**HEADERS, "Service-Worker-Allowed": "/inspect"}
    return Response(worker(WEB, LOCALES), media_type="text/javascript", headers=headers)


@router.get("/inspect/sheet")
def inspect_sheet() -> FileResponse:
    return page("inspect_sheet.html")


@router.get("/inspect/{_cafeteria}")
def inspect_cafeteria(_cafeteria: str) -> FileResponse:
    """The address that a QR code on a canteen door may hold; the page itself reads it."""
    return page("inspect.html")


@router.get("/disclosure/{_cafeteria}")
@router.get("/disclosure/{_cafeteria}/sign")
def disclosure(_cafeteria: str, settings: SettingsDep) -> FileResponse:
    """For everybody; the page itself reads what is public, and says so where nothing is."""
    return page("disclosure.html", 200 if settings.disclosed else 404)


@router.get("/docs")
def docs() -> FileResponse:
    return page("docs.html")


@router.get("/favicon.ico")
def icon() -> FileResponse:
    return page("icon.svg")


def install(app: FastAPI) -> None:
    """Adds the pages, `/static` and `/locales`."""
    app.include_router(router)
    app.mount("/static", Assets(directory=WEB), name="static")
    app.mount("/locales", Assets(directory=LOCALES), name="locales")
