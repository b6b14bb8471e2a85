"""Images of events, for those who may see their school and for those who hold a link that we have signed."""

from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Query, Request, Response

from safety_service.api.deps import CredentialDep, EngineDep, Now, SettingsDep, get_caller
from safety_service.api.routing import new_router
from safety_service.services import snapshots
from safety_service.services.snapshot_links import linker_of
from safety_service.services.snapshots import Album
from safety_service.store.audit import Actor
from safety_service.store.scope import EVERY_SCHOOL, Scope

router = new_router("snapshots")

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the bytes, in hexadecimal")]
BY_LINK = "signed link"
"""Who looked, in the audit trail, where nobody knows more."""

# The bytes are a stranger's: nothing in them may run, and no shared computer is to keep them.
HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Viewer(NamedTuple):
    """Who looks, and at which schools' images."""

    actor: Actor
    scope: Scope


def viewer(
    credential: CredentialDep,
    engine: EngineDep,
    settings: SettingsDep,
    now: Now,
    sha256: Sha256,
    expires: Annotated[int | None, Query(description="Of a signed link: seconds since 1970")] = None,
    signature: Annotated[str | None, Query(max_length=100, description="Of a signed link")] = None,
) -> Viewer:
    """Whoever holds a link that still works, else a caller with the right to events."""
    if expires is not None and signature is not None:
        # Before any credential: the cookie of a browser may have expired long ago.
        linker_of(settings).check(sha256, expires, signature, now)
        return Viewer(Actor(BY_LINK, credential.address), EVERY_SCHOOL)
    caller = get_caller(credential, engine, settings, now)
    caller.must("events:read")
    return Viewer(Actor(caller.name, caller.address), Scope(caller.every_school, caller.schools))


def get_album(request: Request) -> Album:
    album: Album = request.app.state.album
    return album


@router.get(
    "/snapshots/{sha256}",
    response_class=Response,
    responses={200: {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}},
)
def read_snapshot(
    viewer: Annotated[Viewer, Depends(viewer)],
    album: Annotated[Album, Depends(get_album)],
    engine: EngineDep,
    now: Now,
    sha256: Sha256,
) -> Response:
    """The image as it came; each look at one leaves an audit entry.

    Without a credential `expires` and `signature` of a link in a notification open it, until it expires.
    """
    shown = snapshots.look(engine, album, viewer.scope, viewer.actor, sha256, now)
    return Response(shown.content, media_type=shown.media_type, headers=HEADERS)
