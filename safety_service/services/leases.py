"""Which process works on a partition: claimed, renewed, taken over within seconds when its holder is gone."""

import os
import socket
from datetime import datetime
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import Engine

from safety_service.domain.errors import Superseded, Unavailable
from safety_service.store import leases
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_partition import Lease

log = structlog.get_logger(__name__)

_GONE = ("Z", "X")
"""States of a process that runs no more and was only not yet taken off the list."""


class Holder(msgspec.Struct, frozen=True):
    """A process, told apart from all that were or will be: host, boot of the host, number, start."""

    host: str
    boot: str
    pid: int
    started: str

    def __str__(self) -> str:
        return "/".join((self.host, self.boot, str(self.pid), self.started))


def this_process() -> Holder:
    return Holder(socket.gethostname(), _boot(), os.getpid(), _start_of(os.getpid()) or "")


def is_dead(holder: str, observer: Holder) -> bool:
    """Whether the holder surely does not run any more: only a process of the same host can tell."""
    try:
        host, boot, pid, started = holder.rsplit("/", 3)
        number = int(pid)
    except ValueError:
        return False
    if host != observer.host or not observer.boot:
        return False
    return boot != observer.boot or _start_of(number) != started


class Candidate:
    """A process that wants a partition's lease.

    A lease has expired when it was seen unchanged for `ttl_seconds` of the observer's own steady clock: wall
    clocks differ and are stepped. A holder that gave it back, or is seen to be dead, is not waited for.
    """

    def __init__(self, engine: Engine, name: str, ttl_seconds: float) -> None:
        self._engine = engine
        self._name = name
        self._ttl_seconds = ttl_seconds
        self._me = this_process()
        self._seen: tuple[int, int] | None = None
        self._seen_at = 0.0

    def try_to_claim(self, now: datetime, steady_seconds: float) -> int | None:
        """The fencing number, or None while somebody else holds the lease. Raises Unavailable."""
        with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
            lease = leases.read(session, self._name)
            session.expunge(lease)
        if not self._has_ended(lease, steady_seconds):
            return None
        try:
            with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
                fence = leases.take(session, lease, str(self._me), now)
        except Superseded:
            return None
        except Unavailable as error:
            if leases.lock_is_held(error):
                self._end_what_is_under_way(lease)
                return None
            raise
        log.info("holds the lease", lease=self._name, fence=fence, before=lease.holder)
        return fence

    def _has_ended(self, lease: Lease, steady_seconds: float) -> bool:
        if lease.holder is None or is_dead(lease.holder, self._me):
            return True
        if (lease.fence, lease.beat) != self._seen:
            self._seen, self._seen_at = (lease.fence, lease.beat), steady_seconds
            return False
        return steady_seconds - self._seen_at >= self._ttl_seconds

    def _end_what_is_under_way(self, lease: Lease) -> None:
        with session_scope(self._engine, EVERY_SCHOOL) as session:
            ended = leases.end_transactions(session, lease.name, lease.fence)
        log.warning(
            "ended transactions of the old holder", lease=lease.name, holder=lease.holder, ended=ended
        )


def renew(engine: Engine, name: str, fence: int, now: datetime) -> None:
    """Raises Superseded where somebody else has it, Unavailable while the database is away."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        leases.renew(session, name, fence, now)


def release(engine: Engine, name: str, fence: int) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        leases.release(session, name, fence)


def check(engine: Engine, name: str, fence: int) -> None:
    """Raises Superseded where somebody else has it, Unavailable while the database is away."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        leases.check(session, name, fence)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _start_of(pid: int) -> str | None:
    """When a process of this host started, in the kernel's ticks; None where there is none."""
    try:
        # The name in parentheses may hold anything, spaces and parentheses too.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in _GONE else fields[19]
    except (OSError, IndexError):
        return None
