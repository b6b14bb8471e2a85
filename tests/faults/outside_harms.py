"""Harm to what the service stands on: its broker, its database, the connections to both, its disk."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from safety_service.store.partitions import COUNTY_PARTITION, client_id_of
from tests.e2e.service_process import until
from tests.faults import disk
from tests.faults.proxy import POSTGRESQL_COMMIT
from tests.faults.scene import Scene

COMMIT_SECONDS = 5.0
"""What a commit takes on the slow database."""
_BUSY_SECONDS = 90.0


def kill_broker(scene: Scene) -> None:
    scene.broker.kill()
    scene.pause(scene.chance.uniform(0.0, 0.5))
    scene.broker.start()


def kill_database(scene: Scene) -> None:
    """SIGKILL of PostgreSQL with all its processes; the next start recovers from the log."""
    cluster = scene.ground.cluster
    assert cluster is not None
    cluster.kill()
    scene.pause(scene.chance.uniform(0.0, 0.5))
    cluster.start()


def cut(link: str) -> Callable[[Scene], None]:
    """Every connection of that kind is reset, once; where there is none yet it waits for one."""

    def harm(scene: Scene) -> None:
        proxy = scene.proxies[link]
        until(lambda: proxy.connections > 0, f"the service connects to its {link}")
        proxy.cut()

    return harm


def black_hole(link: str) -> Callable[[Scene], None]:
    """For some seconds nothing arrives, in either direction, and no end is told."""

    def harm(scene: Scene) -> None:
        proxy = scene.proxies[link]
        proxy.swallow()
        scene.pause(scene.chance.uniform(1.0, 5.0 if scene.plan.long else 2.0))
        # MQTT has a keep-alive, so the service must notice by itself a connection that is silent for ever.
        # TCP's own, which must do it for PostgreSQL, cannot be tried by a proxy that acknowledges everything.
        for_ever = link == "broker" and scene.plan.long and scene.harms % 5 == 4
        proxy.pass_again(reset=not for_ever)
        if for_ever:
            scene.pause(45.0)

    return harm


def slow_database(scene: Scene) -> None:
    """Each commit takes five seconds."""
    commits = 2 if scene.plan.long else 1
    if scene.pair == "sqlite":
        for _ in range(commits):
            _hold_write_lock(scene, COMMIT_SECONDS)
            scene.pause(0.1)
        return
    proxy = scene.proxies["database"]
    slowed = threading.Event()

    def wait_before_commit(piece: bytes) -> None:
        if POSTGRESQL_COMMIT in piece:
            slowed.set()
            scene.pause(COMMIT_SECONDS)

    proxy.before = wait_before_commit
    scene.pause(commits * COMMIT_SECONDS)
    proxy.before = lambda piece: None
    if not slowed.is_set():
        scene.wrong.append("no commit was slowed down")


def database_away(scene: Scene) -> None:
    """PostgreSQL is shut down, SQLite locked by somebody else: a minute now and then, else some seconds."""
    seconds = scene.chance.uniform(2.0, 4.0)
    if scene.plan.long:
        seconds = 60.0 if scene.harms % 5 == 4 else scene.chance.uniform(3.0, 8.0)
    if scene.pair == "sqlite":
        _hold_write_lock(scene, seconds)
        return
    cluster = scene.ground.cluster
    assert cluster is not None
    cluster.stop()
    scene.pause(seconds)
    if any(service.is_ready() for service in scene.services):
        scene.wrong.append("/readyz says ready without a database")
    cluster.start()


def fill_disk(scene: Scene) -> None:
    with disk.full(scene.data):
        scene.pause(scene.chance.uniform(1.0, 3.0))


def twin_client(scene: Scene) -> None:
    """Somebody else connects under the service's client id, takes what comes, and acknowledges nothing."""
    _play_twin(scene, steals=False)


def thieving_twin(scene: Scene) -> None:
    """The same, but it acknowledges what it takes and throws the service's session away: spools must help."""
    _play_twin(scene, steals=True)


def _play_twin(scene: Scene, *, steals: bool) -> None:
    for _ in range(scene.chance.randint(3, 6)):
        twin = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id_of(COUNTY_PARTITION),
            clean_session=steals and scene.chance.random() < 0.5,
            manual_ack=not steals,
            reconnect_on_failure=False,
        )
        with suppress(OSError):
            twin.connect("127.0.0.1", scene.broker.port)
            twin.loop_start()
            scene.pause(scene.chance.uniform(0.05, 0.5))
            twin.loop_stop()
    scene.pause(0.5)


def _hold_write_lock(scene: Scene, seconds: float) -> None:
    """Another process (we) writes to every SQLite file of the service and takes so long."""
    with closing(_Locks()) as locks:
        for file in sorted(scene.data.glob("*.db")):
            locks.take(str(file))
        scene.pause(seconds)


class _Locks:
    """Write locks on SQLite files, taken as a patient writer does: SQLite's own waiting may starve us."""

    def __init__(self) -> None:
        self._held: list[sqlite3.Connection] = []

    def take(self, file: str) -> None:
        connection = sqlite3.connect(file, timeout=0.0, isolation_level=None)
        self._held.append(connection)
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                threading.Event().wait(0.001)

    def close(self) -> None:
        for connection in self._held:
            connection.close()
