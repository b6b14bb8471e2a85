"""The broker that `broker provision` sets up, run here: what it keeps, and what a credential cannot do."""

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from safety_service.services import registry_csv
from safety_service.settings import Settings
from safety_service.store.session import open_engine
from tests.e2e.service_process import Service, until
from tests.postgres import free_port, missing

pytestmark = pytest.mark.production

SCHOOL, OTHER, LATER = "370828-001", "370828-002", "370828-003"
HEAD = "code,name_zh,name_en,township,kind"


def register(database_url: str, home: Path, *codes: str) -> None:
    path = home / "schools.csv"
    lines = [f"{code},学校{code},School {code},Township,primary" for code in codes]
    path.write_text("\n".join([HEAD, *lines]), encoding="utf-8")
    engine = open_engine(database_url)
    settings = Settings(_env_file=None)
    outcome = registry_csv.import_schools(engine, settings, path, datetime.now(UTC), lambda _n: None)
    engine.dispose()
    assert not outcome.refused


class Broker:
    """Mosquitto with the files that the command wrote, on free ports."""

    def __init__(self, home: Path, database_url: str) -> None:
        self.home = home
        self.out = home / "broker"
        self.schools, self.direct, self.inside = free_port(), free_port(), free_port()
        self.database_url = database_url
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.inside}"

    def command(self, *arguments: str, said: str | None = None) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CAMPUS_")}
        environment["CAMPUS_DATABASE_URL"] = self.database_url
        done = subprocess.run(
            [sys.executable, "-m", "safety_service.cli", "broker", *arguments, "--out", str(self.out)],
            env=environment,
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def provision(self) -> str:
        ports = ["--port", str(self.schools), "--direct-port", str(self.direct)]
        inside = ["--inside", f"127.0.0.1:{self.inside}", "--broker", self.url]
        return self.command("provision", *ports, *inside, "--simulator-password-stdin", said="s2\n")

    def password(self, name: str) -> str:
        with (self.out / "credentials.csv").open(newline="") as file:
            return next(row["password"] for row in csv.DictReader(file) if row["name"] == name)

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program(), "-c", str(self.out / "mosquitto.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._is_open, "the broker listens", seconds=20)

    def _is_open(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            for port in (self.schools, self.direct, self.inside):
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


def program() -> str:
    found = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        missing("Mosquitto")
        raise AssertionError
    return found


@pytest.fixture(scope="module")
def broker(sqlite_template: Path) -> Iterator[Broker]:
    program()
    # As root, the broker changes to its own account, which must get to its files: not so below pytest's own.
    with tempfile.TemporaryDirectory(prefix="campus-broker-") as directory:
        home = Path(directory)
        home.chmod(0o755)
        shutil.copy(sqlite_template, home / "campus.db")
        database_url = f"sqlite:///{home / 'campus.db'}"
        register(database_url, home, SCHOOL, OTHER)
        broker = Broker(home, database_url)
        assert "5 credentials, 5 of them new" in broker.provision()
        broker.start()
        yield broker
        broker.stop()


class Client:
    """One MQTT 3.1.1 client that remembers what it got."""

    def __init__(
        self,
        broker: Broker,
        port: int,
        user: str,
        client_id: str,
        password: str | None = None,
        *,
        keep: bool = False,
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
        self.client.username_pw_set(user, broker.password(user) if password is None else password)
        if port != broker.inside:
            self.client.tls_set(ca_certs=str(broker.out / "certificates" / "ca.crt"))
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
def clients(broker: Broker, *wanted: tuple[int, str, str]) -> Iterator[list[Client]]:
    with ExitStack() as stack:
        opened = []
        for port, user, client_id in wanted:
            client = Client(broker, port, user, client_id)
            stack.callback(client.close)
            opened.append(client)
        yield opened


def test_a_school_cannot_publish_for_another(broker: Broker) -> None:
    with clients(
        broker,
        (broker.inside, "service", "watcher"),
        (broker.schools, SCHOOL, "a"),
        (broker.schools, OTHER, "b"),
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
    with clients(broker, (broker.inside, "service", "writer"), (broker.schools, SCHOOL, "a")) as (
        service,
        school,
    ):
        school.subscribe("campus/v1/#", f"campus/v1/{SCHOOL}/receipts/#", "$SYS/#")
        service.publish(f"campus/v1/{OTHER}/receipts/gw", "other's")
        service.publish(f"campus/v1/{SCHOOL}/receipts/gw", "own")
        until(lambda: bool(school.got), "the receipt arrives", 10)
        assert set(school.got) == {(f"campus/v1/{SCHOOL}/receipts/gw", b"own")}


def test_the_service_writes_nothing_but_receipts(broker: Broker) -> None:
    with clients(broker, (broker.inside, "simulator", "sim"), (broker.inside, "service", "svc")) as (
        simulator,
        service,
    ):
        service.subscribe("campus/v1/#")
        service.publish(f"campus/v1/{SCHOOL}/native/gw/events", "an event of its own")
        simulator.publish(f"campus/v1/{SCHOOL}/native/gw/events", "from a device")
        until(lambda: bool(service.got), "the device's message arrives", 10)
        assert service.got == [(f"campus/v1/{SCHOOL}/native/gw/events", b"from a device")]


@pytest.mark.parametrize(("user", "password"), [(SCHOOL, "wrong"), ("", ""), (LATER, "p1")])
def test_who_is_not_known_does_not_get_in(broker: Broker, user: str, password: str) -> None:
    for port in (broker.schools, broker.inside):
        client = Client(broker, port, user, "stranger", password)
        assert client.refused is not None
        client.close()


def test_a_school_cannot_take_the_service_s_session(broker: Broker) -> None:
    with clients(broker, (broker.inside, "service", "campus-safety-county")) as (service,):
        with clients(broker, (broker.schools, SCHOOL, "campus-safety-county")) as (school,):
            service.subscribe("campus/v1/#")
            school.publish(f"campus/v1/{SCHOOL}/native/gw/events", "hello")
            until(lambda: bool(service.got), "the message arrives", 10)
        assert service.disconnections == 0


def test_more_than_a_thousand_messages_wait_for_the_service(broker: Broker) -> None:
    """Also over a restart: Mosquitto's own default drops everything beyond 1,000 without a word."""
    absent = Client(broker, broker.inside, "service", "county", keep=True)
    absent.subscribe("campus/v1/#")
    absent.close()
    with clients(broker, (broker.schools, SCHOOL, "a")) as (school,):
        for number in range(3000):
            sent = school.client.publish(f"campus/v1/{SCHOOL}/native/gw/events", str(number), qos=1)
        sent.wait_for_publish(30)
    broker.stop()
    broker.start()
    back = Client(broker, broker.inside, "service", "county", keep=True)
    until(lambda: len(back.got) >= 3000, f"all arrive; {len(back.got)} have", 30)
    assert [int(payload) for _, payload in back.got] == list(range(3000))
    back.close()


def test_a_large_body_gets_through_to_be_refused_by_the_service(broker: Broker) -> None:
    with clients(broker, (broker.inside, "service", "w"), (broker.schools, SCHOOL, "a")) as (service, school):
        service.subscribe("campus/v1/#")
        school.publish(f"campus/v1/{SCHOOL}/native/gw/events", b"x" * (3 << 20))
        until(lambda: bool(service.got), "three megabytes arrive", 20)
        assert len(service.got[0][1]) == 3 << 20


def test_what_is_wrong_by_default_is_set(broker: Broker) -> None:
    """None of these shows on one machine with little traffic; each was measured to matter on a loaded one."""
    lines = (broker.out / "mosquitto.conf").read_text(encoding="utf-8").splitlines()
    said = dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    assert said["set_tcp_nodelay"] == "true"
    assert 1000 <= int(said["max_inflight_messages"]) < 65_535
    assert int(said["max_packet_size"]) > 3 << 20
    assert int(said["max_queued_bytes"]) >= 1 << 30
    assert said["allow_anonymous"] == "false"


def test_secrets_are_readable_by_one_account_and_no_password_is_kept_by_the_broker(broker: Broker) -> None:
    for name in ("credentials.csv", "dynamic-security.json", "service.env", "certificates/ca.key"):
        assert (broker.out / name).stat().st_mode & 0o077 == 0, name
    kept = (broker.out / "dynamic-security.json").read_text()
    assert broker.password(SCHOOL) not in kept
    assert broker.password("service") not in kept
    assert (
        f"service:{broker.password('service')}@127.0.0.1:{broker.inside}"
        in (broker.out / "service.env").read_text()
    )


def test_devices_of_one_school_without_a_gateway_connect_beside_each_other(broker: Broker) -> None:
    with clients(
        broker,
        (broker.inside, "service", "w"),
        (broker.direct, SCHOOL, "camera-1"),
        (broker.direct, SCHOOL, "camera-2"),
    ) as (service, first, second):
        service.subscribe("campus/v1/#")
        for camera in (first, second):
            camera.publish(f"campus/v1/{OTHER}/native/gw/events", "forged")
            camera.publish(f"campus/v1/{SCHOOL}/native/gw/events", "own")
        until(lambda: len(service.got) >= 2, "both arrive", 10)
        assert set(service.got) == {(f"campus/v1/{SCHOOL}/native/gw/events", b"own")}
        assert first.disconnections == second.disconnections == 0


def test_a_credential_changes_and_a_school_comes_in_without_a_restart(broker: Broker) -> None:
    before = broker.password(OTHER)
    with clients(broker, (broker.schools, OTHER, "a")) as (connected,):
        assert broker.command("rotate", OTHER, "--broker", broker.url) == broker.password(OTHER) != before
        until(lambda: connected.disconnections > 0, "who has the old password is thrown off", 10)
    assert Client(broker, broker.schools, OTHER, "a", before).refused is not None
    with clients(broker, (broker.schools, OTHER, "a")) as (again,):
        assert again.refused is None
    register(broker.database_url, broker.home, LATER)
    assert "1 of them new" in broker.provision()
    with clients(broker, (broker.inside, "service", "w"), (broker.schools, LATER, "l")) as (service, later):
        service.subscribe("campus/v1/#")
        later.publish(f"campus/v1/{SCHOOL}/native/gw/events", "forged")
        later.publish(f"campus/v1/{LATER}/native/gw/events", "own")
        until(lambda: bool(service.got), "the new school is heard", 10)
        assert service.got == [(f"campus/v1/{LATER}/native/gw/events", b"own")]
    # The plugin wrote it all down: a restart changes nothing.
    broker.stop()
    broker.start()
    for name in (SCHOOL, OTHER, LATER):
        with clients(broker, (broker.schools, name, "a")) as (known,):
            assert known.refused is None


RULES = """
rules:
  - id: silent
    title: {zh: 设备失联, en: Device silent}
    kind: absence
    severity: minor
    silent_for: 2s
"""


def test_a_device_that_the_broker_denies_shows_up_as_silent(broker: Broker, tmp_path: Path) -> None:
    """Over TLS from end to end: the service hears the honest device and misses the other."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    name, password = "service", broker.password("service")
    service = Service(
        broker.database_url,
        f"mqtts://{name}:{password}@localhost:{broker.direct}",
        tmp_path,
        more={
            "CAMPUS_RULES_FILE": str(rules),
            "CAMPUS_BROKER_CA_FILE": str(broker.out / "certificates" / "ca.crt"),
        },
    )
    service.start()
    try:
        service.wait_until_ready()
        with clients(broker, (broker.schools, SCHOOL, "gw"), (broker.schools, OTHER, "gw")) as (own, foreign):
            for device in ("honest", "lost"):
                own.publish(f"campus/v1/{SCHOOL}/native/gw/events", said(device))
            until(lambda: stored(broker, "SELECT count(*) FROM event") == [(2,)], "both are known", 20)

            def missed() -> list[tuple[str]]:
                own.publish(f"campus/v1/{SCHOOL}/native/gw/events", said("honest"))
                # This device got another school's credential: what it says is not let through.
                foreign.publish(f"campus/v1/{SCHOOL}/native/gw/events", said("lost"))
                return stored(broker, "SELECT device FROM alert")

            until(lambda: bool(missed()), "it is missed", 30, every_seconds=0.3)
            assert missed() == [("lost",)]
    finally:
        service.end()


def said(device: str) -> str:
    body = {"specversion": "1.0", "id": os.urandom(8).hex(), "source": device, "type": "motion", "data": {}}
    return json.dumps(body)


def stored(broker: Broker, query: str) -> list[Any]:
    engine = open_engine(broker.database_url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(query)]
    engine.dispose()
    return found


def test_the_configuration_is_understood_word_for_word(broker: Broker) -> None:
    """What it says before it runs; later a client that falls silent is an error to it too."""
    started, listening, _ = broker.log().partition("New connection")
    assert listening
    assert "Error" not in started
    assert "Warning" not in started
