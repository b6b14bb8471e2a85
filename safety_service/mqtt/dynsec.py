"""Changes who may do what at a running Mosquitto, by the control topic of its dynamic security plugin."""

import socket
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from safety_service.domain.broker_access import CONTROL, Credential, access_of
from safety_service.domain.errors import SafetyError, Unavailable
from safety_service.mqtt.address import BrokerAddress

ANSWER_SECONDS = 15.0
CONNECT_SECONDS = 3.0
AT_ONCE = 100
"""Commands of one message."""
_EXISTS = "already exists"


class RefusedByBrokerError(SafetyError):
    """The broker answered that it will not."""

    status = 502
    slug = "broker-refused"


def is_there(address: BrokerAddress) -> bool:
    """Whether something takes connections there."""
    try:
        socket.create_connection((address.host, address.port), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def set_passwords(address: BrokerAddress, ca_file: Path | None, credentials: Sequence[Credential]) -> None:
    """Gives credentials that exist another password; who is connected with the old one is thrown off.

    Raises Unavailable where the broker does not answer, RefusedByBrokerError where it says no.
    """
    _say(address, ca_file, [_password(one) for one in credentials])


def add(address: BrokerAddress, ca_file: Path | None, credentials: Sequence[Credential]) -> None:
    """Makes credentials and their roles; one that exists gets the password and the rights it should have."""
    _say(address, ca_file, [command for one in credentials for command in _made(one)], known_is_fine=True)


def _made(one: Credential) -> Iterable[dict[str, Any]]:
    role = {"rolename": one.role, "acls": access_of(one.name)}
    yield {"command": "createRole", "rolename": one.role}
    yield {"command": "modifyRole", **role}
    yield {
        "command": "createClient",
        "username": one.name,
        "password": one.password,
        "roles": [{"rolename": one.role}],
    }
    yield _password(one)


def _password(one: Credential) -> dict[str, Any]:
    return {"command": "setClientPassword", "username": one.name, "password": one.password}


def _say(
    address: BrokerAddress,
    ca_file: Path | None,
    commands: Sequence[dict[str, Any]],
    *,
    known_is_fine: bool = False,
) -> None:
    with _Control(address, ca_file) as control:
        for start in range(0, len(commands), AT_ONCE):
            for answer in control.ask(commands[start : start + AT_ONCE]):
                error = answer.get("error")
                if error is not None and not (known_is_fine and _EXISTS in str(error)):
                    raise RefusedByBrokerError(f"the broker refused {answer.get('command')}: {error}")


class _Control:
    """One connection to the control topic; asks and waits for the answer."""

    def __init__(self, address: BrokerAddress, ca_file: Path | None) -> None:
        self._address = address
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(address.username, address.password)
        if address.tls:
            self._client.tls_set(ca_certs=str(ca_file) if ca_file is not None else None)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._heard
        self._ready, self._answered = threading.Event(), threading.Event()
        self._refused: str | None = None
        self._answers: list[dict[str, Any]] = []

    def __enter__(self) -> "_Control":
        where = f"{self._address.host}:{self._address.port}"
        try:
            self._client.connect(self._address.host, self._address.port)
        except OSError as error:
            raise Unavailable(f"cannot reach the broker at {where}: {error}") from error
        self._client.loop_start()
        if not self._ready.wait(ANSWER_SECONDS) or self._refused:
            self.__exit__()
            raise Unavailable(f"the broker at {where} does not let us in: {self._refused or 'no answer'}")
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def ask(self, commands: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        self._answered.clear()
        self._client.publish(f"{CONTROL}/v1", msgspec.json.encode({"commands": commands}), qos=1)
        if not self._answered.wait(ANSWER_SECONDS):
            raise Unavailable("the broker does not answer on its control topic; is the plugin loaded?")
        return self._answers

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _props: Any) -> None:
        if code.is_failure:
            self._refused = str(code)
            self._ready.set()
            return
        client.subscribe(f"{CONTROL}/v1/response", qos=1)

    def _subscribed(
        self, _client: paho.Client, _data: Any, _mid: int, codes: list[ReasonCode], _props: Any
    ) -> None:
        if any(code.is_failure for code in codes):
            self._refused = "this credential may not administer it"
        self._ready.set()

    def _heard(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._answers = msgspec.json.decode(message.payload).get("responses", [])
        self._answered.set()
