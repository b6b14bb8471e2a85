"""Images of events leave the messages: kept as files before the transaction, known to it when it commits."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Lock
from typing import NamedTuple

import msgspec
import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.blobs import Blobs, FolderBlobs, S3Blobs, S3Place, SpooledBlobs
from safety_service.domain.decoding.refusal import image_refused
from safety_service.domain.errors import SafetyError
from safety_service.domain.health import Reading
from safety_service.domain.networks import Network
from safety_service.domain.snapshot_fetching import host_of, is_followed
from safety_service.domain.snapshots import IMAGE, Image, put_image, sha256_of, take_image
from safety_service.domain.types import Event, Rejected
from safety_service.settings import Settings
from safety_service.store import audit, snapshot_fetches, snapshots
from safety_service.store.audit import Actor
from safety_service.store.scope import Scope
from safety_service.store.session import session_scope
from safety_service.store.snapshot_fetches import Owed

log = structlog.get_logger(__name__)

_WRITERS = 8
"""A file is durable when the disk says so: several waits at once take hardly longer than one."""


_MEANINGS = {
    "kept": "Images taken out of messages",
    "refused": "Images in messages that could not be kept",
    "fetched": "Images fetched from where an event linked to",
    "missed": "Images that could not be fetched",
    "shown": "Images shown to somebody",
}


class Facts(NamedTuple):
    """What is known of an image beside its hash; the size in bytes."""

    media_type: str
    size: int


class Tally:
    """Counts what happens to images, from many threads."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1

    def read(self, what: str) -> int:
        return self._counts[what]


class Album(msgspec.Struct, frozen=True):
    """Where images are kept, up to which size, and from which private networks they are fetched.

    `follows`: whether those that an event only links to are fetched at all.
    """

    blobs: Blobs
    largest: int
    networks: tuple[Network, ...] = ()
    follows: bool = True
    tally: Tally = msgspec.field(default_factory=Tally)

    def figures(self) -> dict[str, Reading]:
        """For Prometheus; counted since this process began."""
        return {f"snapshots_{what}": (meaning, self.tally.read(what)) for what, meaning in _MEANINGS.items()}


def open_album(settings: Settings) -> Album:
    """The album of the settings. Raises Refused for a bucket without the library that reaches it."""
    return Album(
        open_blobs(settings),
        settings.max_snapshot_bytes,
        settings.snapshot_networks,
        settings.fetch_snapshots,
    )


def open_blobs(settings: Settings) -> FolderBlobs | SpooledBlobs:
    if settings.s3_bucket is None:
        return FolderBlobs(settings.snapshots_dir)
    secret = settings.s3_secret_access_key
    place = S3Place(
        settings.s3_bucket,
        settings.s3_prefix,
        settings.s3_region,
        settings.s3_endpoint,
        settings.s3_access_key_id,
        secret.get_secret_value() if secret is not None else None,
    )
    return SpooledBlobs(FolderBlobs(settings.snapshots_dir, flat=True), S3Blobs(place))


class Kept(msgspec.Struct):
    """What keeping came to: the images by hash, and why some events go without theirs."""

    images: dict[str, Facts] = msgspec.field(default_factory=dict)
    refused: list[tuple[Event, Rejected]] = msgspec.field(default_factory=list)


class Keeper:
    """Takes images out of events into files, several at once; end it with `close`."""

    def __init__(self, album: Album) -> None:
        self._album = album
        self._pool = ThreadPoolExecutor(_WRITERS, "snapshots")

    def close(self) -> None:
        self._pool.shutdown()

    def keep(self, events: Sequence[Event]) -> Kept:
        """Each event then names its image by our path. One that cannot be kept costs no event."""
        kept = Kept()
        found: list[tuple[Event, Image]] = []
        for event in events:
            image = take_image(event, self._album.largest)
            if isinstance(image, Image):
                found.append((event, image))
            elif image is not None:
                kept.refused.append((event, image))
        if found:
            self._write_all(found, kept)
        for _ in kept.refused:
            self._album.tally.add("refused")
        return kept

    def _write_all(self, found: Sequence[tuple[Event, Image]], kept: Kept) -> None:
        different = {image.sha256: image for _, image in found}
        troubles = dict(zip(different, self._pool.map(self._write, different.values()), strict=True))
        for event, image in found:
            trouble = troubles[image.sha256]
            if trouble is not None:
                kept.refused.append((event, trouble))
                continue
            put_image(event, image)
            kept.images[image.sha256] = Facts(image.media_type, len(image.content))
            self._album.tally.add("kept")

    def _write(self, image: Image) -> Rejected | None:
        try:
            self._album.blobs.put(image.sha256, io.BytesIO(image.content))
        except (OSError, SafetyError) as error:
            log.error("an image cannot be kept", sha256=image.sha256, error=str(error))
            return image_refused(
                "snapshot_not_kept", IMAGE, f"The image cannot be kept: {type(error).__name__}."
            )
        return None


def note(
    session: Session, album: Album, new: Sequence[Event], images: Mapping[str, Facts], now: datetime
) -> None:
    """With the events that are news: which school each image is of, and which links are to be followed."""
    rows: dict[tuple[str, str], tuple[str, int]] = {}
    owed: list[Owed] = []
    for event in new:
        if event.snapshot_url is None:
            continue
        sha256 = sha256_of(event.snapshot_url)
        if sha256 is not None and sha256 in images:
            rows[sha256, event.school] = images[sha256]
        elif album.follows and is_followed(event.snapshot_url, album.networks):
            host = host_of(event.snapshot_url) or ""
            owed.append(Owed(event.school, event.device, event.snapshot_url, host, event.occurred_at))
    snapshots.add(session, rows, now)
    snapshot_fetches.add(session, owed, now)


def look(engine: Engine, album: Album, scope: Scope, actor: Actor, sha256: str, now: datetime) -> Image:
    """The image, for whoever may see one of its schools, else NotFound.

    These are pictures of children: who looked, and when, is on record before anything is shown.
    """
    with session_scope(engine, scope, write=True) as session:
        audit.act_as(session, actor)
        row = snapshots.get(session, sha256)
        audit.record(session, "snapshot.read", "snapshot", sha256, now=now, school=row.school)
    with album.blobs.open(sha256) as content:
        image = Image(sha256, row.media_type, content.read())
    album.tally.add("shown")
    return image
