"""Fetches the images that events link to, in the background: few at once, from each host one by one."""

import io
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Event, Lock

import httpx
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from safety_service.channels.http import CONNECT_SECONDS, TOTAL_SECONDS, GuardedTransport
from safety_service.channels.targets import Resolve, TargetRefusedError, resolve
from safety_service.domain.errors import SafetyError
from safety_service.domain.networks import Network
from safety_service.domain.snapshot_fetching import (
    GIVEN_UP_AFTER,
    MOST_REDIRECTS,
    Fetched,
    Miss,
    judge_media_type,
    judge_status,
    next_attempt,
    redirected,
)
from safety_service.domain.snapshots import Image, image_of, path_of
from safety_service.services.snapshots import Album
from safety_service.store import alerts, snapshot_fetches, snapshots
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_snapshot import SnapshotFetch

log = structlog.get_logger(__name__)

AT_ONCE = 8
LEASE = timedelta(seconds=120)
"""Longer than one image takes at worst: each of its redirects up to the time of a whole answer."""
REST = timedelta(seconds=1)
"""Between two images of one host: a camera has other things to do."""
AWAY = timedelta(minutes=1)
"""For a host that does not answer: others are not to wait behind it."""


def open_client(networks: tuple[Network, ...], *, find: Resolve = resolve) -> httpx.Client:
    """Reaches public addresses and these networks; follows no redirect by itself. Close it at the end."""
    return httpx.Client(
        transport=GuardedTransport(private_targets=False, networks=networks, find=find),
        timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
        headers={"user-agent": "campus-safety", "accept": "image/*", "accept-encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
    )


def download(client: httpx.Client, link: str, largest: int) -> Fetched:
    """One attempt. The sentences of a Miss hold no address: there may be a password in it."""
    try:
        for _ in range(MOST_REDIRECTS + 1):
            with client.stream("GET", link) as response:
                if not response.has_redirect_location:
                    return _read(response, largest)
                target = redirected(link, response.headers["location"])
            if target is None:
                return Miss("failed", "it is redirected to another host")
            link = target
        return Miss("failed", f"it is redirected more than {MOST_REDIRECTS} times")
    except TargetRefusedError as error:
        return Miss("failed", str(error))
    except httpx.TimeoutException:
        return Miss("retry", f"no whole answer in time (at most {TOTAL_SECONDS:g} s)", away=True)
    except (httpx.TransportError, httpx.StreamError) as error:
        return Miss("retry", f"no connection or a broken one: {error}"[:200], away=True)
    except (httpx.InvalidURL, ValueError):
        return Miss("failed", "it is no address")


def _read(response: httpx.Response, largest: int) -> Fetched:
    miss = judge_status(response.status_code) or judge_media_type(response.headers.get("content-type"))
    if miss is not None:
        return miss
    content = b""
    for piece in response.iter_raw():
        content += piece
        if len(content) > largest:
            return Miss("failed", f"it is larger than {largest} bytes")
    image = image_of(content, largest)
    return image if isinstance(image, Image) else Miss("failed", image.detail)


class Fetcher:
    """Takes what is due with every `step`; each image then goes its way in a thread and is settled there."""

    def __init__(self, engine: Engine, album: Album, client: httpx.Client) -> None:
        self._engine = engine
        self._album = album
        self._client = client
        self._pool = ThreadPoolExecutor(AT_ONCE, "snapshot-fetch")
        self._closing = Event()
        self._lock = Lock()
        self._busy: set[str] = set()
        self._rest_until: dict[str, datetime] = {}
        self._under_way: set[Future[None]] = set()

    def close(self) -> None:
        """Waits for what is on its way."""
        self._closing.set()
        self._pool.shutdown(wait=True)
        self._client.close()

    def step(self, now: datetime) -> int:
        """Begins to fetch as many images as there is room for, and says how many."""
        with self._lock:
            free, resting = AT_ONCE - len(self._busy), self._resting(now)
        if free <= 0 or self._closing.is_set():
            return 0
        with session_scope(self._engine, EVERY_SCHOOL) as session:
            due = snapshot_fetches.due(session, now, resting, free)
        if not due:
            return 0
        with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
            rows = snapshot_fetches.claim(session, due, now, now + LEASE)
        started = time.monotonic()
        with self._lock:
            self._busy |= {row.host for row in rows}
            self._under_way = {one for one in self._under_way if not one.done()}
            self._under_way |= {self._pool.submit(self._work, row, now, started) for row in rows}
        return len(rows)

    def finish(self) -> None:
        """Waits until nothing is on its way."""
        wait(list(self._under_way))

    def _resting(self, now: datetime) -> set[str]:
        # A rest that ends later than any can was begun before the clock was set back.
        rests = self._rest_until.items()
        self._rest_until = {host: until for host, until in rests if now < until <= now + AWAY}
        return self._busy | self._rest_until.keys()

    def _work(self, row: SnapshotFetch, now: datetime, started: float) -> None:
        fetched: Fetched | None = None
        ended = now
        try:
            if not self._closing.is_set():
                fetched = self._attempt(row, now)
            ended += timedelta(seconds=time.monotonic() - started)
            with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
                self._settle(session, row, fetched, ended)
        except (SafetyError, SQLAlchemyError) as error:
            # The lease brings the row back.
            log.error("cannot record what came of an image", host=row.host, error=str(error))
        except Exception:
            log.exception("fetching an image went wrong", host=row.host)
        finally:
            away = isinstance(fetched, Miss) and fetched.away
            with self._lock:
                self._busy.discard(row.host)
                self._rest_until[row.host] = ended + (AWAY if away else REST)

    def _attempt(self, row: SnapshotFetch, now: datetime) -> Fetched:
        if now - row.created_at > GIVEN_UP_AFTER:
            return Miss("failed", "it waited too long for its turn")
        fetched = download(self._client, row.link, self._album.largest)
        if isinstance(fetched, Image):
            try:
                self._album.blobs.put(fetched.sha256, io.BytesIO(fetched.content))
            except (OSError, SafetyError) as error:
                return Miss("retry", f"it cannot be kept: {type(error).__name__}")
        return fetched

    def _settle(self, session: Session, row: SnapshotFetch, fetched: Fetched | None, now: datetime) -> None:
        if fetched is None:
            snapshot_fetches.give_back(session, row.id, row.attempts, now)
            return
        if isinstance(fetched, Image):
            alerts.hold_history(session)
            facts = (fetched.media_type, len(fetched.content))
            snapshots.add(session, {(fetched.sha256, row.school): facts}, now)
            path = path_of(fetched.sha256)
            snapshots.replace_link(
                session, school=row.school, link=row.link, since=row.occurred_at, path=path
            )
            snapshot_fetches.settle_done(session, row.id)
            self._album.tally.add("fetched")
            return
        again = next_attempt(row.attempts, row.created_at, now) if fetched.outcome == "retry" else None
        if again is not None:
            snapshot_fetches.settle_again(session, row.id, row.attempts, fetched.answer, again)
            return
        snapshot_fetches.settle_failed(session, row.id, row.attempts, fetched.answer)
        log.warning("an image was not fetched", school=row.school, device=row.device, why=fetched.answer)
        self._album.tally.add("missed")
