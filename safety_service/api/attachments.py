"""Photos and signatures: sent under their hash, verified before they are kept."""

from collections.abc import AsyncIterator, Iterator
from tempfile import TemporaryFile
from typing import Annotated, BinaryIO

from fastapi import Depends, Header, Path, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from safety_service.api.cafeterias import CafeteriaDep, CafeteriaId, Reader
from safety_service.api.deps import AnyCaller, EngineDep, Now, SessionDep
from safety_service.api.inspections import Inspector
from safety_service.api.routing import new_router
from safety_service.api.schemas_inspections import AttachmentOut, attachment_out
from safety_service.blobs import Blobs
from safety_service.domain.inspection_parts import MEDIA_TYPES
from safety_service.services import attachments
from safety_service.services.attachments import Kept
from safety_service.store import attachments as store
from safety_service.store import cafeterias
from safety_service.store.scope import Scope
from safety_service.store.session import session_scope

router = new_router("attachments")

_PIECE = 1 << 18

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the bytes, in hexadecimal")]


def get_blobs(request: Request) -> Blobs:
    blobs: Blobs = request.app.state.blobs
    return blobs


BlobsDep = Annotated[Blobs, Depends(get_blobs)]


def seen_cafeteria(engine: EngineDep, caller: AnyCaller, cafeteria: CafeteriaId) -> str:
    """The cafeteria exists for this caller: asked before the body is taken in, in a look of its own."""
    with session_scope(engine, Scope(caller.every_school, caller.schools)) as session:
        return cafeterias.get(session, cafeteria).id


async def received(
    request: Request, _caller: Inspector, _place: Annotated[str, Depends(seen_cafeteria)]
) -> AsyncIterator[BinaryIO]:
    """The body in a file, gone with the request; the middleware ends one that is too large on its way in."""
    with TemporaryFile() as file:
        async for piece in request.stream():
            await run_in_threadpool(file.write, piece)
        yield file


def kept(
    blobs: BlobsDep,
    sha256: Sha256,
    content: Annotated[BinaryIO, Depends(received)],
    content_type: Annotated[str | None, Header(description=f"One of {', '.join(MEDIA_TYPES)}")] = None,
) -> Kept:
    """The verified file, kept before the database is locked for its row."""
    return attachments.keep(blobs, content, sha256=sha256, media_type=content_type)


_IMAGE = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES}


@router.put(
    "/cafeterias/{cafeteria}/attachments/{sha256}",
    status_code=201,
    responses={200: {"description": "It was there already", "model": AttachmentOut}},
    openapi_extra={"requestBody": {"required": True, "content": _IMAGE}},
)
def put_attachment(
    caller: Inspector,
    kept: Annotated[Kept, Depends(kept)],
    session: SessionDep,
    place: CafeteriaDep,
    now: Now,
    response: Response,
) -> AttachmentOut:
    """Keeps a photo or signature of the cafeteria; before or after the inspection that names it.

    The bytes must have the hash of the address and be a JPEG, PNG or WebP image, as Content-Type says.
    """
    row, created = attachments.store(session, place, kept, by=caller.name, now=now)
    response.status_code = 201 if created else 200
    return attachment_out(row)


@router.get(
    "/cafeterias/{cafeteria}/attachments/{sha256}",
    response_class=StreamingResponse,
    responses={200: {"content": _IMAGE, "description": "The bytes"}},
)
def read_attachment(
    _caller: Reader, session: SessionDep, blobs: BlobsDep, place: CafeteriaDep, sha256: Sha256
) -> StreamingResponse:
    """The bytes as they were sent; the same for ever, so that a browser may keep them."""
    row = store.get(session, place.id, sha256)
    headers = {
        "Content-Length": str(row.size),
        "ETag": f'"{sha256}"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
    }
    return StreamingResponse(_pieces(blobs.open(sha256)), media_type=row.media_type, headers=headers)


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    with content:
        while piece := content.read(_PIECE):
            yield piece
