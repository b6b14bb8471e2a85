"""What the operator publishes of a cafeteria, for everybody; and the code of the sign on its wall."""

import hashlib
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote

import segno
from fastapi import Depends, Header, Path, Request, Response
from sqlmodel import Session

from safety_service.api.deps import EngineDep, Now, SettingsDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_disclosure import DisclosureOut, SignCode, disclosure_out
from safety_service.api.schemes import BookDep
from safety_service.services import disclosure
from safety_service.services.disclosure import Disclosure
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

router = new_router("disclosure")

FRESH_SECONDS = 60
_MARGIN_MODULES = 2


def public_session(engine: EngineDep) -> Iterator[Session]:
    """Reading only, for the one service that decides what is public; nothing else may ask for it."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        yield session


PublicSession = Annotated[Session, Depends(public_session, scope="function")]


def disclosed(
    session: PublicSession,
    settings: SettingsDep,
    book: BookDep,
    now: Now,
    cafeteria: Annotated[str, Path(max_length=80, examples=["370828-001-c1"])],
) -> Disclosure:
    return disclosure.disclose(session, cafeteria, settings.disclosed, book, now, settings.timezone)


DisclosureDep = Annotated[Disclosure, Depends(disclosed)]


@router.get("/disclosure/{cafeteria}", response_model=DisclosureOut)
def read_disclosure(shown: DisclosureDep, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Grade, face and date, what was found and what was put right, as far as it is public. No names."""
    body = disclosure_out(shown).model_dump_json().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={FRESH_SECONDS}"}
    if etag in {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


@router.get("/disclosure/{cafeteria}/sign")
def read_sign(shown: DisclosureDep, request: Request, settings: SettingsDep) -> SignCode:
    """The code for the sign: it leads to the public page of the cafeteria.

    The address begins with CAMPUS_PUBLIC_URL, or without one with that under which this request came.
    """
    base = settings.public_url or str(request.base_url)
    address = f"{base.rstrip('/')}/disclosure/{quote(shown.place.id, safe='')}"
    code = segno.make_qr(address, error="q")
    drawn = code.svg_inline(border=_MARGIN_MODULES, omitsize=True, svgclass=None, lineclass=None)
    return SignCode(address=address, qr_svg=drawn)
