"""Who may do what at the broker: the roles of Mosquitto's dynamic security plugin, as plain data.

The plugin (mosquitto.org/documentation/dynamic-security) takes an access list with the higher `priority`
first; of patterns it knows `+` and `#`.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

SERVICE, SIMULATOR, OPERATOR = "service", "simulator", "operator"
RESERVED = (SERVICE, SIMULATOR, OPERATOR)
CONTROL = "$CONTROL/dynamic-security"
ITERATIONS = 101
"""Of PBKDF2 with SHA-512, as the plugin itself takes. More would not make a random password of 192 bits any
safer, and would hold up the broker at every connection."""


class Credential(msgspec.Struct, frozen=True):
    """A name to log in with, and its password as it is handed to whoever uses it."""

    name: str
    password: str

    @property
    def role(self) -> str:
        return role_of(self.name)


def role_of(name: str) -> str:
    """The role of a credential: the service's own are named alike, every other is a school's."""
    return name if name in RESERVED else f"school-{name}"


def access_of(name: str) -> list[dict[str, Any]]:
    """What the credential of this name may do.

    A school publishes and reads below its own code and nowhere else: some devices (Zigbee2MQTT, Tasmota)
    listen below their own prefix. What only the service says, receipts and its own events, it cannot publish.
    """
    if name == SERVICE:
        return [
            _may("subscribePattern", "campus/v1/#"),
            _may("publishClientReceive", "campus/v1/#"),
            _may("publishClientSend", "campus/v1/+/receipts/#"),
        ]
    if name == SIMULATOR:
        return [
            _may("publishClientSend", "campus/v1/+/receipts/#", allow=False, priority=10),
            _may("publishClientSend", "campus/v1/+/service/#", allow=False, priority=10),
            _may("publishClientSend", "campus/v1/#"),
            _may("subscribePattern", "campus/v1/+/receipts/#"),
            _may("publishClientReceive", "campus/v1/+/receipts/#"),
        ]
    if name == OPERATOR:
        return [
            _may("publishClientSend", f"{CONTROL}/#"),
            _may("subscribePattern", f"{CONTROL}/#"),
            _may("publishClientReceive", f"{CONTROL}/#"),
        ]
    own = f"campus/v1/{name}"
    return [
        _may("publishClientSend", f"{own}/receipts/#", allow=False, priority=10),
        _may("publishClientSend", f"{own}/service/#", allow=False, priority=10),
        _may("publishClientSend", f"{own}/#"),
        _may("subscribePattern", f"{own}/#"),
        _may("publishClientReceive", f"{own}/#"),
    ]


def _may(what: str, topic: str, *, allow: bool = True, priority: int = 0) -> dict[str, Any]:
    return {"acltype": what, "topic": topic, "priority": priority, "allow": allow}


def client_of(credential: Credential, salt: bytes) -> dict[str, Any]:
    """The plugin's entry of a credential; the password is in it as a hash only."""
    digest = hashlib.pbkdf2_hmac("sha512", credential.password.encode(), salt, ITERATIONS)
    return {
        "username": credential.name,
        "password": base64.b64encode(digest).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": ITERATIONS,
        "roles": [{"rolename": credential.role}],
    }


def document(
    known: Mapping[str, Any] | None, clients: Iterable[Mapping[str, Any]], names: Sequence[str]
) -> dict[str, Any]:
    """The plugin's whole file: what it holds already, with these clients added and these roles as they are.

    Whatever else an operator has put into it stays.
    """
    found = dict(known or {})
    present = {client["username"]: client for client in found.get("clients", ())}
    present |= {client["username"]: dict(client) for client in clients}
    roles = {role["rolename"]: role for role in found.get("roles", ())}
    roles |= {role_of(name): {"rolename": role_of(name), "acls": access_of(name)} for name in names}
    nothing = ("publishClientSend", "publishClientReceive", "subscribe")
    found["defaultACLAccess"] = dict.fromkeys(nothing, False) | {"unsubscribe": True}
    found["clients"], found["roles"] = list(present.values()), list(roles.values())
    return found
