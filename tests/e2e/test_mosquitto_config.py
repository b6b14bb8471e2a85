"""The broker of docker-compose.yml, run here: what it keeps, and what a school's credential cannot do."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from tests.e2e.service_process import until
from tests.postgres import free_port, missing

pytestmark = pytest.mark.production

SOURCE = Path(__file__).resolve().parents[2] / ".docker" / "mosquitto"
SCHOOL, OTHER = "370828-001", "370828-002"
PASSWORDS = {"service": "s1", "simulator": "s2", SCHOOL: "p1", OTHER: "p2"}


class Broker:
    """The shipped configuration under another home and on free ports, started by the shipped script."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.schools, self.inside = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copytree(SOURCE, home / "config")
        (home / "data").mkdir()
        configuration = (SOURCE / "mosquitto.conf").read_text(encoding="utf-8")
        for shipped, here in (
            ("/mosquitto/", f"{home}/"),
            ("listener 1883", f"listener {self.schools} 127.0.0.1"),
            ("listener 1884", f"listener {self.inside} 127.0.0.1"),
        ):
            assert shipped in configuration
            configuration = configuration.replace(shipped, here)
        (home / "config" / "mosquitto.conf").write_text(configuration, encoding="utf-8")

    def add_schools(self) -> None:
        for name in (SCHOOL, OTHER):
            command = ["mosquitto_passwd", "-b", str(self.home / "data" / "passwords"), name, PASSWORDS[name]]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self) -> None:
        environment = {
            **os.environ,
            "PATH": f"{os.environ['PATH']}:/usr/sbin",
            "MOSQUITTO_HOME": str(self.home),
            "BROKER_SERVICE_PASSWORD": PASSWORDS["service"],
            "BROKER_SIMULATOR_PASSWORD": PASSWORDS["simulator"],
        }
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", str(self.home / "config" / "start.sh")],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._is_open, "the broker listens", seconds=20)

    def _is_open(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            for port in (self.schools, self.inside):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def log(self) -> str:
        return (self.home / "log").read_text(errors="replace")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        missing("Mosquitto")
    home = tmp_path_factory.mktemp("mosquitto")
    # As root, the broker changes to its own account, which must get to its files.
    for directory in (home, *home.parents):
        if directory.name.startswith(("pytest-", "popen-")):
            directory.chmod(0o755)
    home.chmod(0o755)
    broker = Broker(home)
    # The first start makes the password file; the second shows that it keeps the schools' entries.
    broker.start()
    broker.stop()
    broker.add_schools()
    broker.start()
    yield broker
    broker.stop()


class Client:
    """One MQTT 3.1.1 client that remembers what it got."""

    def __init__(
        self, port: int, user: str, client_id: str, password: str | None = None, *, keep: bool = False
    ):
        self.got: list[tuple[str, bytes]] = []
        self.granted: list[int] = []
        self.refused: str | None = None
        self.disconnections = 0
        self.connected = threading.Event()
        self._answered = threading.Event()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=not keep, reconnect_on_failure=False
        )
        self.client.username_pw_set(user, PASSWORDS.get(user) if password is None else password)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_message = lambda _c, _u, message: self.got.append(
            (message.topic, bytes(message.payload))
        )
        self.client.on_subscribe = self._on_subscribe
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._answered.wait(10)

    def _on_connect(
        self, _client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _p: object
    ) -> None:
        if reason.is_failure:
            self.refused = str(reason)
        else:
            self.connected.set()
        self._answered.set()

    def _on_disconnect(self, *_arguments: object) -> None:
        self.disconnections += 1
        self.connected.clear()

    def _on_subscribe(
        self, _c: mqtt.Client, _d: object, _mid: int, reasons: list[ReasonCode], _p: object
    ) -> None:
        self.granted.extend(reason.value for reason in reasons)

    def subscribe(self, *filters: str) -> None:
        before = len(self.granted)
        self.client.subscribe([(topic, 1) for topic in filters])
        until(lambda: len(self.granted) == before + len(filters), "the subscription is answered", 10)

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Returns when the broker has acknowledged, as it does with what it throws away."""
        sent = self.client.publish(topic, payload, qos=1, retain=retain)
        assert sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS
        sent.wait_for_publish(10)
        assert sent.is_published()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def clients(*wanted: tuple[int, str, str]) -> Iterator[list[Client]]:
    with ExitStack() as stack:
        opened = []
        for port, user, client_id in wanted:
            client = Client(port, user, client_id)
            stack.callback(client.close)
            opened.append(client)
        yield opened


def test_a_school_cannot_publish_for_another(broker: Broker) -> None:
    with clients(
        (broker.inside, "service", "watcher"), (broker.schools, SCHOOL, "a"), (broker.schools, OTHER, "b")
    ) as (service, school, other):
        service.subscribe("campus/v1/#")
        school.publish(f"campus/v1/{OTHER}/native/gw/events", "forged")
        school.publish(f"campus/v1/{SCHOOL}x/native/gw/events", "forged")
        school.publish("campus/v1/service/native/gw/events", "forged")
        school.publish("campus/v2/anything", "forged")
        other.publish(f"campus/v1/{OTHER}/native/gw/events", "its own")
        school.publish(f"campus/v1/{SCHOOL}/native/gw/events", "honest")
        until(lambda: len(service.got) >= 2, "both honest messages arrive", 10)
        # One connection's messages keep their order: what was forged would have come before the honest one.
        assert sorted(service.got) == [
            (f"campus/v1/{SCHOOL}/native/gw/events", b"honest"),
            (f"campus/v1/{OTHER}/native/gw/events", b"its own"),
        ]


def test_a_school_reads_its_own_receipts_and_nothing_else(broker: Broker) -> None:
    with clients((broker.inside, "service", "writer"), (broker.schools, SCHOOL, "a")) as (service, school):
        school.subscribe("campus/v1/#", f"campus/v1/{SCHOOL}/receipts/#", "$SYS/#")
        service.publish(f"campus/v1/{OTHER}/receipts/gw", "other's")
        service.publish(f"campus/v1/{SCHOOL}/receipts/gw", "own")
        until(lambda: bool(school.got), "the receipt arrives", 10)
        assert set(school.got) == {(f"campus/v1/{SCHOOL}/receipts/gw", b"own")}


def test_the_service_writes_nothing_but_receipts(broker: Broker) -> None:
    with clients((broker.inside, "simulator", "sim"), (broker.inside, "service", "svc")) as (
        simulator,
        service,
    ):
        service.subscribe("campus/v1/#")
        service.publish(f"campus/v1/{SCHOOL}/native/gw/events", "an event of its own")
        simulator.publish(f"campus/v1/{SCHOOL}/native/gw/events", "from a device")
        until(lambda: bool(service.got), "the device's message arrives", 10)
        assert service.got == [(f"campus/v1/{SCHOOL}/native/gw/events", b"from a device")]


@pytest.mark.parametrize(("user", "password"), [(SCHOOL, "wrong"), ("", ""), ("370828-003", "p1")])
def test_who_is_not_known_does_not_get_in(broker: Broker, user: str, password: str) -> None:
    for port in (broker.schools, broker.inside):
        client = Client(port, user, "stranger", password)
        assert client.refused is not None
        client.close()


def test_a_school_cannot_take_the_service_s_session(broker: Broker) -> None:
    with clients((broker.inside, "service", "campus-safety-county")) as (service,):
        with clients((broker.schools, SCHOOL, "campus-safety-county")) as (school,):
            service.subscribe("campus/v1/#")
            school.publish(f"campus/v1/{SCHOOL}/native/gw/events", "hello")
            until(lambda: bool(service.got), "the message arrives", 10)
        assert service.disconnections == 0


def test_more_than_a_thousand_messages_wait_for_the_service(broker: Broker) -> None:
    """Also over a restart: Mosquitto's own default drops everything beyond 1,000 without a word."""
    absent = Client(broker.inside, "service", "county", keep=True)
    absent.subscribe("campus/v1/#")
    absent.close()
    with clients((broker.schools, SCHOOL, "a")) as (school,):
        for number in range(3000):
            sent = school.client.publish(f"campus/v1/{SCHOOL}/native/gw/events", str(number), qos=1)
        sent.wait_for_publish(30)
    broker.stop()
    broker.start()
    back = Client(broker.inside, "service", "county", keep=True)
    until(lambda: len(back.got) >= 3000, f"all arrive; {len(back.got)} have", 30)
    assert [int(payload) for _, payload in back.got] == list(range(3000))
    back.close()


def test_a_large_body_gets_through_to_be_refused_by_the_service(broker: Broker) -> None:
    with clients((broker.inside, "service", "w"), (broker.schools, SCHOOL, "a")) as (service, school):
        service.subscribe("campus/v1/#")
        school.publish(f"campus/v1/{SCHOOL}/native/gw/events", b"x" * (3 << 20))
        until(lambda: bool(service.got), "three megabytes arrive", 20)
        assert len(service.got[0][1]) == 3 << 20


def test_what_is_wrong_by_default_is_set() -> None:
    """None of these shows on one machine with little traffic; each was measured to matter on a loaded one."""
    lines = (SOURCE / "mosquitto.conf").read_text(encoding="utf-8").splitlines()
    said = dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    assert said["set_tcp_nodelay"] == "true"
    assert 1000 <= int(said["max_inflight_messages"]) < 65_535
    assert int(said["max_packet_size"]) > 3 << 20
    assert int(said["max_queued_bytes"]) >= 1 << 30
    assert said["allow_anonymous"] == "false"


def test_the_password_file_holds_hashes_only(broker: Broker) -> None:
    lines = (broker.home / "data" / "passwords").read_text().splitlines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(PASSWORDS)
    assert all(line.split(":")[1].startswith("$") for line in lines)
    assert (broker.home / "data" / "passwords").stat().st_mode & 0o077 == 0


def test_the_configuration_is_understood_word_for_word(broker: Broker) -> None:
    assert "Error" not in broker.log()
    assert "Warning" not in broker.log()
