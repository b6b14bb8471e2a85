"""Images that events link to are fetched in the background, from allowed places, within limits."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.blobs import FolderBlobs
from safety_service.channels.targets import resolve
from safety_service.domain.networks import Network
from safety_service.domain.snapshot_fetching import WAITS
from safety_service.domain.snapshots import path_of
from safety_service.services.snapshot_fetching import AT_ONCE, LEASE, Fetcher, open_client
from safety_service.services.snapshots import Album
from safety_service.store import snapshot_fetches
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, StoredAlert, StoredEvent
from safety_service.store.tables_snapshot import Snapshot, SnapshotFetch
from tests.canteens import sha256
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL, add_two_schools
from tests.receivers import Got, Receiver, Says, receiver
from tests.services.test_pipeline import House, native

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 50
IMAGE = Says(body=JPEG, headers={"content-type": "image/jpeg"})
HERE = (ip_network("127.0.0.0/8"),)
LARGEST = 10_000


def names(host: str, port: int) -> list[str]:
    """Every name of `.school` is this machine."""
    return ["127.0.0.1"] if host.endswith(".school") else resolve(host, port)


class Scene:
    """A pipeline, a fetcher and the clock of both."""

    def __init__(self, engine: Engine, folder: Path, networks: tuple[Network, ...] = HERE) -> None:
        self.engine = engine
        self.now = NOW
        self.album = Album(FolderBlobs(folder), LARGEST, networks)
        self.house = House(engine, self.album)
        self.fetcher = Fetcher(engine, self.album, open_client(networks, find=names))

    def close(self) -> None:
        self.fetcher.close()
        self.house.pipeline.close()

    def tell(self, *links: str, school: str = SCHOOL, device: str = "cam-1") -> None:
        """One press of a panic button for each link, worked off."""
        for link in links:
            data = {"phase": "pulse", "snapshot_url": link}
            number = f"{device}-{len(self.rows(StoredEvent))}-{link}"
            one = native(self.now, school=school, source=device, id=number, type="panic_button", data=data)
            self.house.receive(one)
            self.house.advance(self.now)

    def fetch(self, **later: float) -> int:
        """One step after this time, to its end; what it really takes counts on top."""
        self.now += timedelta(**later)
        begun = self.fetcher.step(self.now)
        self.fetcher.finish()
        return begun

    def rows(self, table: type[Any]) -> list[Any]:
        with session_scope(self.engine, EVERY_SCHOOL) as session:
            return list(session.exec(select(table)).all())

    def answers(self) -> list[tuple[str, str | None]]:
        return [(row.state, row.answer) for row in self.rows(SnapshotFetch)]


@pytest.fixture
def scene(two_schools: Engine, tmp_path: Path) -> Iterator[Scene]:
    one = Scene(two_schools, tmp_path / "snapshots")
    yield one
    one.close()


def link(there: Receiver, host: str = "cam.school", path: str = "/1.jpg") -> str:
    return f"http://{host}:{there.port}{path}"


def test_a_linked_image_becomes_our_own(scene: Scene) -> None:
    with receiver(lambda got: IMAGE) as there:
        scene.tell(link(there))
        assert scene.fetch() == 1
    assert [got.path for got in there.got] == ["/1.jpg"]
    assert scene.album.blobs.exists(sha256(JPEG))
    [row], [event], [alert] = scene.rows(Snapshot), scene.rows(StoredEvent), scene.rows(StoredAlert)
    assert (row.sha256, row.school) == (sha256(JPEG), SCHOOL)
    assert (row.media_type, row.size) == ("image/jpeg", len(JPEG))
    assert event.snapshot_url == alert.snapshot_url == path_of(sha256(JPEG))
    assert [step.change for step in scene.rows(AlertTransition)] == ["raised"]
    assert (scene.answers(), scene.fetch(minutes=1)) == ([], 0)
    assert scene.album.tally.read("fetched") == 1


def test_only_what_shows_the_link_is_changed(scene: Scene) -> None:
    with receiver(lambda got: IMAGE) as there:
        scene.tell(link(there))
        scene.tell(link(there), school=OTHER_SCHOOL)
        assert scene.fetch() == 1, "one image of a host at a time"
        shown = {alert.school: alert.snapshot_url for alert in scene.rows(StoredAlert)}
        assert shown == {SCHOOL: path_of(sha256(JPEG)), OTHER_SCHOOL: link(there)}
        assert scene.fetch(seconds=0.9) == 0, "and then it rests"
        assert scene.fetch(seconds=30) == 1
    assert {alert.snapshot_url for alert in scene.rows(StoredAlert)} == {path_of(sha256(JPEG))}


@pytest.mark.parametrize(
    ("says", "answer"),
    [
        (Says(403), "HTTP 403"),
        (Says(body=b"<html>", headers={"content-type": "text/html"}), "not an image, but text/html"),
        (Says(body=b"<svg onload=alert(1)>", headers={"content-type": "image/svg+xml"}), "It is not a JPEG"),
        (Says(body=JPEG + b"x" * LARGEST), "it is larger than 10000 bytes"),
        (Says(body=b"", headers={"content-type": "image/jpeg"}), "It is not a JPEG"),
        (Says(302, headers={"location": "http://other.school/1.jpg"}), "redirected to another host"),
        (Says(302, headers={"location": "http://127.0.0.1/1.jpg"}), "redirected to another host"),
        (Says(302, headers={"location": "/1.jpg"}), "redirected more than 2 times"),
        (Says(302, headers={"location": "file:///etc/passwd"}), "redirected to another host"),
    ],
)
def test_what_is_no_image_is_not_asked_for_again(
    says: Says, answer: str, sqlite_engine: Engine, tmp_path: Path
) -> None:
    add_two_schools(sqlite_engine)
    scene = Scene(sqlite_engine, tmp_path / "snapshots")
    with receiver(lambda got: says) as there:
        scene.tell(link(there))
        scene.fetch()
        [(state, told)] = scene.answers()
        assert (state, answer in (told or "")) == ("failed", True), told
        assert scene.fetch(days=1) == 0
    assert scene.rows(Snapshot) == []
    assert scene.rows(StoredAlert)[0].snapshot_url == link(there)
    scene.close()


def test_a_redirect_on_the_same_host_is_followed(scene: Scene) -> None:
    def answer(got: Got) -> Says:
        return IMAGE if got.path == "/real.jpg" else Says(301, headers={"location": "/real.jpg"})

    with receiver(answer) as there:
        scene.tell(link(there, "admin:12345@cam.school"))
        scene.fetch()
        assert {got.headers["authorization"] for got in there.got} == {"Basic YWRtaW46MTIzNDU="}
    assert [row.sha256 for row in scene.rows(Snapshot)] == [sha256(JPEG)]


def test_it_is_tried_again_until_it_is_there(scene: Scene) -> None:
    with receiver(lambda got: Says(404)) as there:
        scene.tell(link(there))
        scene.fetch()
        assert scene.answers() == [("waiting", "HTTP 404")]
        there.answer = lambda got: IMAGE
        assert scene.fetch(seconds=WAITS[0] - 1) == 0
        assert scene.fetch(seconds=30) == 1
    assert scene.rows(StoredAlert)[0].snapshot_url == path_of(sha256(JPEG))


def test_it_is_given_up_in_the_end(scene: Scene) -> None:
    with receiver(lambda got: Says(500)) as there:
        scene.tell(link(there))
        for wait in (0, *WAITS):
            assert scene.fetch(seconds=wait + 30) == 1
        assert scene.answers() == [("failed", "HTTP 500")]
        assert scene.fetch(days=1) == 0
    assert scene.album.tally.read("missed") == 1


def test_a_link_that_waited_too_long_is_not_followed(scene: Scene) -> None:
    with receiver(lambda got: IMAGE) as there:
        scene.tell(link(there))
        assert scene.fetch(hours=2) == 1
    assert there.got == []
    assert scene.answers() == [("failed", "it waited too long for its turn")]


@pytest.mark.parametrize("host", ["cam.school", "127.0.0.1", "localhost"])
def test_a_private_network_that_nobody_allowed_is_not_reached(
    host: str, sqlite_engine: Engine, tmp_path: Path
) -> None:
    add_two_schools(sqlite_engine)
    scene = Scene(sqlite_engine, tmp_path / "snapshots", (ip_network("10.0.0.0/8"),))
    with receiver(lambda got: IMAGE) as there:
        scene.tell(link(there, host))
        begun = scene.fetch()
        assert there.connections == set()
    # What is written as an address is not even noted; a name is judged by what it leads to.
    assert begun == (1 if host == "cam.school" else 0)
    assert [state for state, _ in scene.answers()] == ["failed"] * begun
    assert all("CAMPUS_SNAPSHOT_NETWORKS" in str(answer) for _, answer in scene.answers())
    scene.close()


def test_a_host_that_is_away_rests_and_holds_up_no_other(scene: Scene) -> None:
    with receiver(lambda got: IMAGE) as gone:
        dead = [link(gone, "dead.school", f"/{number}.jpg") for number in range(3)]
    with receiver(lambda got: IMAGE) as there:
        scene.tell(*dead, link(there))
        assert scene.fetch() == 2
        assert [row.school for row in scene.rows(Snapshot)] == [SCHOOL]
        assert scene.fetch(seconds=30) == 0
        assert scene.fetch(seconds=60) == 1


def test_at_most_so_many_at_once_and_one_of_each_host(scene: Scene) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def answer(got: Got) -> Says:
        begun.release()
        assert go_on.wait(20)
        return IMAGE

    with receiver(answer) as there:
        for number in range(AT_ONCE + 3):
            scene.tell(link(there, f"cam-{number}.school"), link(there, f"cam-{number}.school", "/2.jpg"))
        assert scene.fetcher.step(scene.now) == AT_ONCE
        assert all(begun.acquire(timeout=20) for _ in range(AT_ONCE))
        assert scene.fetcher.step(scene.now) == 0
        go_on.set()
        scene.fetcher.finish()
        assert len({got.headers["host"] for got in there.got}) == AT_ONCE
        assert scene.fetch(seconds=60) == AT_ONCE


def test_two_processes_never_fetch_the_same(scene: Scene, tmp_path: Path) -> None:
    other = Fetcher(scene.engine, scene.album, open_client(HERE, find=names))
    with receiver(lambda got: IMAGE) as there:
        scene.tell(link(there))
        begun = [one.step(scene.now) for one in (scene.fetcher, other)]
        scene.fetcher.finish()
        other.finish()
        assert (begun[0], len(there.got)) == (1, 1)
    other.close()


def test_what_a_process_had_in_hand_when_it_died_is_fetched_again(scene: Scene) -> None:
    with receiver(lambda got: IMAGE) as there:
        scene.tell(link(there))
        with session_scope(scene.engine, EVERY_SCHOOL, write=True) as session:
            [number] = snapshot_fetches.due(session, NOW, [], 1)
            snapshot_fetches.claim(session, [number], NOW, NOW + LEASE)
        assert scene.fetch(seconds=60) == 0
        assert scene.fetch(seconds=61) == 1
    assert [row.sha256 for row in scene.rows(Snapshot)] == [sha256(JPEG)]


def test_a_full_disk_is_tried_again(sqlite_engine: Engine, tmp_path: Path) -> None:
    add_two_schools(sqlite_engine)
    scene = Scene(sqlite_engine, tmp_path / "snapshots")
    (tmp_path / "snapshots").write_text("no folder")
    with receiver(lambda got: IMAGE) as there:
        scene.tell(link(there))
        scene.fetch()
        assert [state for state, _ in scene.answers()] == ["waiting"]
        (tmp_path / "snapshots").unlink()
        scene.fetch(minutes=1)
    assert [row.sha256 for row in scene.rows(Snapshot)] == [sha256(JPEG)]
    scene.close()
