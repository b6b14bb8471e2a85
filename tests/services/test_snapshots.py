"""Images leave the messages for files: once, whole, before the commit, and never at the cost of an event."""

import base64
import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import Engine

from safety_service.blobs import FolderBlobs
from safety_service.domain.snapshots import path_of
from safety_service.domain.types import Message
from safety_service.services.pipeline import Pipeline
from safety_service.services.snapshots import Album
from safety_service.store.tables import RejectedMessage, StoredAlert, StoredEvent
from safety_service.store.tables_snapshot import Snapshot, SnapshotFetch
from tests.canteens import sha256
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.samples import every
from tests.services.test_pipeline import House, at, native, press

JPEG = b"\xff\xd8\xff\xe0" + b"first" * 20
PNG = b"\x89PNG\r\n\x1a\n" + b"second" * 20
LINK = "http://93.184.216.34/1.jpg"


class Full(FolderBlobs):
    """A folder on a disk without room."""

    def put(self, sha256: str, content: BinaryIO) -> bool:
        raise OSError(28, "No space left on device")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


@pytest.fixture
def house(two_schools: Engine, folder: Path) -> Iterator[House]:
    one = House(two_schools, Album(FolderBlobs(folder), 1 << 20))
    yield one
    one.pipeline.close()


def shot(number: int, image: Any = JPEG, when: datetime = NOW, school: str = SCHOOL, **data: Any) -> Message:
    """A press of the panic button with an image."""
    encoded = base64.b64encode(image).decode() if isinstance(image, bytes) else image
    data = {"phase": "pulse", "attributes": {"_snapshot": encoded, "code": "x"}, **data}
    return native(when, school=school, id=f"shot-{number}", type="panic_button", data=data)


def work_off(house: House, when: datetime = NOW) -> int:
    """Advances until nothing is left; returns the number of steps."""
    for steps in range(1, 50):
        if not house.advance(when).more:
            return steps
    raise AssertionError("the pipeline gets nowhere")


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_an_image_becomes_a_file_and_the_alert_shows_our_path(house: House, folder: Path) -> None:
    house.receive(press(1), shot(2), press(3))
    work_off(house, at(seconds=1))
    assert files(folder) == [sha256(JPEG)]
    assert (folder / sha256(JPEG)[:2] / sha256(JPEG)[2:4] / sha256(JPEG)).read_bytes() == JPEG
    [row] = house.rows(Snapshot)
    assert (row.sha256, row.school, row.media_type, row.size) == (
        sha256(JPEG),
        SCHOOL,
        "image/jpeg",
        len(JPEG),
    )
    assert row.stored_at == at(seconds=1)
    pictured = [event for event in house.rows(StoredEvent) if event.event_id == "shot-2"]
    assert [(event.snapshot_url, event.attributes) for event in pictured] == [
        (path_of(sha256(JPEG)), {"code": "x"})
    ]
    [alert] = house.rows(StoredAlert)
    assert (alert.snapshot_url, alert.count) == (path_of(sha256(JPEG)), 3)
    assert "_snapshot" not in str(alert.detail)
    assert house.rows(RejectedMessage) == []


BEGINS_AS_JPEG = "'_snapshot': '/9j/"
WITH_IMAGE = [one for one in every() if BEGINS_AS_JPEG in str(one.expect)]


@pytest.mark.parametrize("sample", WITH_IMAGE, ids=lambda one: f"{one.format}/{one.file}")
def test_what_real_devices_send_becomes_a_file(sample: Any, house: House, folder: Path) -> None:
    topic = "/".join(["campus/v1", SCHOOL, *sample.topic.split("/")[3:]])
    house.receive(Message(topic=topic, payload=sample.payload, received_at=NOW))
    work_off(house)
    [name] = files(folder)
    assert path_of(name) in {event.snapshot_url for event in house.rows(StoredEvent)}
    assert [row.sha256 for row in house.rows(Snapshot)] == [name]


def test_a_batch_read_within_the_transaction_stops_before_the_first_image(house: House, folder: Path) -> None:
    house.receive(press(1), shot(2), press(3))
    first = house.advance(at(seconds=1))
    assert (first.messages, first.more, files(folder)) == (1, True, [])
    second = house.advance(at(seconds=1))
    assert (second.messages, second.more, len(files(folder))) == (2, False, 1)


def test_many_images_of_one_batch_are_kept_once_each(house: House, folder: Path) -> None:
    house.receive(press(0))
    work_off(house)
    house.receive(*(shot(number, (JPEG, PNG)[number % 2]) for number in range(20)))
    assert work_off(house, at(seconds=1)) == 1
    assert files(folder) == sorted([sha256(JPEG), sha256(PNG)])
    assert len(house.rows(Snapshot)) == 2
    assert house.album is not None
    assert house.album.tally.read("kept") == 20


def test_the_same_image_at_two_schools_belongs_to_both(house: House, folder: Path) -> None:
    house.receive(shot(1), shot(2, school=OTHER_SCHOOL))
    work_off(house)
    assert sorted(row.school for row in house.rows(Snapshot)) == [SCHOOL, OTHER_SCHOOL]
    assert len(files(folder)) == 1


def test_one_that_comes_again_is_kept_for_as_long_again(house: House) -> None:
    house.receive(shot(1))
    work_off(house)
    house.receive(shot(2, when=at(days=3)))
    work_off(house, at(days=3))
    assert [row.stored_at for row in house.rows(Snapshot)] == [at(days=3)]


@pytest.mark.parametrize(
    ("image", "reason"),
    [(b"GIF87 is not this", "bad_snapshot"), ("no base64!", "bad_snapshot"), (JPEG * 20, "too_large")],
)
def test_a_bad_image_costs_no_event(two_schools: Engine, folder: Path, image: Any, reason: str) -> None:
    house = House(two_schools, Album(FolderBlobs(folder), 1000))
    house.receive(shot(1, image))
    work_off(house)
    [event], [alert] = house.rows(StoredEvent), house.rows(StoredAlert)
    assert (event.snapshot_url, event.attributes, alert.snapshot_url) == (None, {"code": "x"}, None)
    [refusal] = house.rows(RejectedMessage)
    assert (refusal.reason, refusal.place, refusal.school) == (reason, "image", SCHOOL)
    assert refusal.payload is None, "an image would be kept for as long as rejections are"
    assert files(folder) == []
    house.pipeline.close()


def test_a_full_disk_costs_no_event(two_schools: Engine, folder: Path) -> None:
    house = House(two_schools, Album(Full(folder), 1 << 20))
    house.receive(shot(1), press(2))
    work_off(house)
    assert len(house.rows(StoredEvent)) == 2
    assert [row.reason for row in house.rows(RejectedMessage)] == ["snapshot_not_kept"]
    assert house.rows(Snapshot) == []
    house.pipeline.close()


def test_a_message_with_another_fault_is_kept_for_a_replay(house: House) -> None:
    [good, bad] = (one.payload for one in (shot(1, "no base64!"), native(NOW, id="x", type="smoke", data=[])))
    topic = shot(1).topic
    house.receive(Message(topic=topic, payload=b"[" + good + b"," + bad + b"]", received_at=NOW))
    work_off(house)
    rows = {row.place: row.payload is not None for row in house.rows(RejectedMessage)}
    assert rows == {"image": False, "[1].data": True}


class Broken(Pipeline):
    """A pipeline whose transactions fail at their very end."""

    def _step(self, session: Any, *details: Any, **named: Any) -> Any:
        done = super()._step(session, *details, **named)
        if self.broken:
            raise ValueError("the machine died")
        return done

    broken = False


def test_a_crash_before_the_commit_leaves_only_a_file(house: House, folder: Path) -> None:
    house.start(Broken)
    house.receive(press(1))
    work_off(house)
    Broken.broken = True
    house.receive(shot(2))
    with pytest.raises(ValueError, match="died"):
        house.advance(at(seconds=1))
    Broken.broken = False
    assert (files(folder), house.rows(Snapshot)) == ([sha256(JPEG)], [])
    house.start()
    work_off(house, at(seconds=2))
    assert ([row.sha256 for row in house.rows(Snapshot)], len(files(folder))) == ([sha256(JPEG)], 1)
    assert len([event for event in house.rows(StoredEvent) if event.snapshot_url]) == 1


class Poisoned(Pipeline):
    """A pipeline that cannot get past one message."""

    def _take_in(self, session: Any, row: Any, memory: Any, ahead: Any, now: Any) -> Any:
        if any(b"shot-2" in message.payload for message in ahead.messages):
            raise ValueError("poison")
        return super()._take_in(session, row, memory, ahead, now)


def test_a_poisonous_message_with_an_image_is_set_aside(house: House) -> None:
    house.start(Poisoned)
    house.receive(*(shot(number) for number in range(1, 5)))
    for _ in range(30):
        try:
            if not house.advance(at(seconds=1)).more:
                break
        except ValueError:
            continue
    assert sorted(event.event_id for event in house.rows(StoredEvent)) == ["shot-1", "shot-3", "shot-4"]
    assert [row.reason for row in house.rows(RejectedMessage)] == ["processing_error"]


def test_what_was_sent_twice_changes_nothing(house: House) -> None:
    house.receive(shot(1), shot(1))
    work_off(house)
    before = [row.model_dump() for row in house.rows(Snapshot)]
    house.receive(shot(1))
    work_off(house, at(hours=1))
    assert [row.model_dump() for row in house.rows(Snapshot)] == before
    assert len(house.rows(StoredEvent)) == 1


def test_links_are_noted_once_and_only_those_that_may_be_followed(house: House) -> None:
    def linked(number: int, link: str) -> Message:
        return native(
            NOW, id=f"l-{number}", type="panic_button", data={"phase": "pulse", "snapshot_url": link}
        )

    house.receive(linked(1, LINK), linked(2, LINK), linked(3, "http://192.168.1.9/1.jpg"), press(4))
    work_off(house, at(seconds=1))
    [row] = house.rows(SnapshotFetch)
    assert (row.school, row.device, row.link, row.host) == (SCHOOL, "dev-1", LINK, "93.184.216.34")
    assert (row.state, row.attempts, row.next_attempt_at, row.occurred_at) == (
        "waiting",
        0,
        at(seconds=1),
        NOW,
    )
    [alert] = house.rows(StoredAlert)
    assert alert.snapshot_url == "http://192.168.1.9/1.jpg"


@pytest.mark.parametrize("letter", ["x", "图"])
def test_the_longest_link_that_a_device_can_tell_harms_nothing(house: House, letter: str) -> None:
    # Random, so that no database can make it shorter.
    letters = random.Random(1).choices([chr(ord(letter) + n) for n in range(-20, 3)], k=2000)
    link = "http://cam.school/" + "".join(letters)
    house.receive(native(NOW, id="l", type="panic_button", data={"phase": "pulse", "snapshot_url": link}))
    work_off(house)
    assert [alert.snapshot_url for alert in house.rows(StoredAlert)] == [link]
    assert len(house.rows(SnapshotFetch)) == (1 if letter == "x" else 0)


def test_no_link_is_noted_where_none_is_followed(two_schools: Engine, folder: Path) -> None:
    house = House(two_schools, Album(FolderBlobs(folder), 1 << 20, follows=False))
    house.receive(native(NOW, id="l", type="panic_button", data={"phase": "pulse", "snapshot_url": LINK}))
    work_off(house)
    assert house.rows(SnapshotFetch) == []
    house.pipeline.close()
