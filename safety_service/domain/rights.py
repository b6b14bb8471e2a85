"""Who may do what: the one table of roles and rights, and the caller every layer is told about."""

from typing import Literal, get_args

import msgspec

from safety_service.domain.errors import Forbidden

Role = Literal["admin", "duty_officer", "security", "inspector", "viewer"]
KeyRole = Literal["admin", "duty_officer", "security", "inspector", "viewer", "device"]
Right = Literal[
    "view:read",
    "registry:read",
    "registry:write",
    "events:read",
    "messages:read",
    "messages:replay",
    "messages:push",
    "alerts:read",
    "alerts:handle",
    "rules:read",
    "rules:write",
    "inspections:read",
    "inspections:submit",
    "inspections:plan",
    "rectifications:read",
    "rectifications:handle",
    "rectifications:accept",
    "credit:contest",
    "credit:decide",
    "schemes:score",
    "duties:read",
    "duties:record",
    "people:write",
    "audit:read",
]

ROLES: tuple[Role, ...] = get_args(Role)
DEVICE = "device"
"""The role of a key that sits in a device: it may push messages of its schools and nothing else."""
KEY_ROLES: tuple[KeyRole, ...] = get_args(KeyRole)
COUNTY_ROLES: frozenset[str] = frozenset({"admin", "duty_officer"})
"""Roles that see every school unless schools are listed for them."""

_READ: frozenset[str] = frozenset(
    {
        "view:read",
        "registry:read",
        "events:read",
        "alerts:read",
        "rules:read",
        "inspections:read",
        "rectifications:read",
        "schemes:score",
        "duties:read",
    }
)

RIGHTS: dict[str, frozenset[str]] = {
    "admin": frozenset(get_args(Right)),
    "duty_officer": _READ
    | {"alerts:handle", "registry:write", "messages:read", "messages:replay", "audit:read"}
    | {"duties:record", "inspections:plan", "rectifications:handle", "credit:contest"},
    "security": _READ
    | {"alerts:handle", "messages:read", "duties:record", "rectifications:handle", "credit:contest"},
    "inspector": _READ
    | {"inspections:submit", "inspections:plan", "duties:record"}
    | {"rectifications:handle", "rectifications:accept"},
    "viewer": _READ,
    DEVICE: frozenset({"messages:push"}),
}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever makes a request: a user, or a machine with an API key (then `name` begins with `key:`).

    `schools` limits what is seen unless `every_school`; `address` is the network address it came from.
    """

    name: str
    role: str
    every_school: bool
    schools: frozenset[str] = frozenset()
    address: str | None = None

    @property
    def rights(self) -> frozenset[str]:
        return RIGHTS.get(self.role, frozenset())

    def must(self, right: Right, *, county: bool = False) -> None:
        """Raises Forbidden without the right or, for what concerns the county, without every school."""
        if right not in self.rights:
            raise Forbidden(f"the role {self.role} does not have the right {right}")
        if county and not self.every_school:
            raise Forbidden(f"{right} concerns every school; this account is limited to some")


def sees_every_school(role: str, schools: frozenset[str], asked: bool) -> bool:
    """Whether an account sees every school: when asked for, or a county role without a list."""
    return asked or (role in COUNTY_ROLES and not schools)
