"""A rule as it was checked: what every kind shares, and the parameters of its own kind."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from safety_service.domain.calendars import Calendar
from safety_service.domain.rules.durations import Duration
from safety_service.domain.rules.matching import ATTRIBUTE, did_you_mean
from safety_service.domain.types import Event

KEY_FIELDS = ("school", "device", "kind", "zone", "zone_type", "format", "event_id", "gateway")
DEFAULT_KEY = ("school", "device")
REOPEN_WITHIN = timedelta(minutes=10)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

SeverityName = Literal["critical", "major", "minor", "warning"]


class Strict(BaseModel):
    """Unknown fields are refused: a misspelt one must not be a rule that never fires."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


def known_parts(names: list[str]) -> list[str]:
    """The names themselves; raises ValueError where one is no field that a key can be made of."""
    for name in names:
        if name not in KEY_FIELDS and not (name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE)):
            raise ValueError(f"{name!r} cannot be part of a key{did_you_mean(name, KEY_FIELDS)}")
    if len(set(names)) < len(names):
        raise ValueError("names a field twice")
    return names


class Title(Strict):
    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Inhibition(Strict):
    """While `rule` fires for the same values of `equal`, and for `linger` after, this one tells nobody."""

    rule: str
    equal: list[str] = Field(default_factory=lambda: ["school"], min_length=1)
    linger: Duration = timedelta(0)

    @field_validator("equal")
    @classmethod
    def _known_fields(cls, names: list[str]) -> list[str]:
        return known_parts(names)


class CommonFields(Strict):
    """What a rule of every kind may have (contract, Rule files)."""

    id: str
    title: Title
    kind: str
    match: dict[str, Any] = Field(default_factory=dict)
    key: list[str] = Field(default_factory=lambda: list(DEFAULT_KEY), min_length=1)
    active: str | None = None
    outside: str | None = Field(default=None, alias="except")
    inhibited_by: list[Inhibition] = Field(default_factory=list)
    auto_close: bool | None = None
    reopen_within: Duration = REOPEN_WITHIN
    channels: list[str] | None = None
    escalation: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    enabled: bool = True

    @field_validator("id")
    @classmethod
    def _plain_id(cls, text: str) -> str:
        if not _IDENTIFIER.fullmatch(text):
            raise ValueError(f"{text!r} is no id; use letters, digits, and - _ .")
        return text

    @field_validator("key")
    @classmethod
    def _known_key(cls, names: list[str]) -> list[str]:
        return known_parts(names)

    @model_validator(mode="after")
    def _one_calendar(self) -> "CommonFields":
        if self.active is not None and self.outside is not None:
            raise ValueError("has both active and except; a rule follows one calendar")
        return self


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, ready to be compiled.

    `auto_close` None: as the severity says (`minor` and `warning` close with the resolve). `channels` None:
    all of them. `version` is a short hash of the definition, the same for the same meaning.
    """

    id: str
    title: dict[str, str]
    kind: str
    match: dict[str, Any]
    params: Any
    key: tuple[str, ...]
    active: str | None
    outside: str | None
    inhibited_by: tuple[Inhibition, ...]
    auto_close: bool | None
    reopen_within: timedelta
    channels: tuple[str, ...] | None
    escalation: str | None
    labels: dict[str, str]
    enabled: bool
    version: str
    definition: dict[str, Any]


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """Checked rules by id, in the order of the file, with the calendars they may name.

    `warnings` are (place, reason): allowed, and hardly what was meant.
    """

    rules: dict[str, Rule]
    calendars: dict[str, Calendar]
    warnings: list[tuple[str, str]]


def build_rule(
    common: CommonFields, params: Any, definition: Mapping[str, Any], identity: str | None = None
) -> Rule:
    """The rule; a key without the school gets it, for an alert belongs to one school.

    `identity`: what tells apart the alerts of this kind of rule, which every key of it holds as well.
    """
    key = full_key(definition.get("key"), identity)
    return Rule(
        id=common.id,
        title={"zh": common.title.zh, "en": common.title.en},
        kind=common.kind,
        match=common.match,
        params=params,
        key=key,
        active=common.active,
        outside=common.outside,
        inhibited_by=tuple(common.inhibited_by),
        auto_close=common.auto_close,
        reopen_within=common.reopen_within,
        channels=None if common.channels is None else tuple(common.channels),
        escalation=common.escalation,
        labels=common.labels,
        enabled=common.enabled,
        version=version_of(definition),
        definition=dict(definition),
    )


def full_key(named: Sequence[str] | None, identity: str | None) -> tuple[str, ...]:
    """The names of the parts of a key, of which a rule names some or none."""
    key = tuple(named or (DEFAULT_KEY if identity is None else ("school", identity)))
    if identity is not None and identity not in key:
        key = (*key, identity)
    return key if "school" in key else ("school", *key)


def version_of(definition: Mapping[str, Any]) -> str:
    canonical = msgspec.json.encode(definition, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:12]


_ALWAYS_THERE = {"school", "device", "kind"}
"""Fields of an event that are never empty."""


def key_part(event: Event, name: str) -> str:
    """One part of a key; what an event does not say is empty."""
    found = (
        event.attributes.get(name[len(ATTRIBUTE) :]) if name.startswith(ATTRIBUTE) else getattr(event, name)
    )
    return "" if found is None else str(found)


def compile_key(names: Sequence[str]) -> Callable[[Event], tuple[str, ...]]:
    """What makes the key of an event; the common ones cost one look at the event."""
    if len(names) > 1 and set(names) <= _ALWAYS_THERE:
        read: Callable[[Event], tuple[str, ...]] = attrgetter(*names)
        return read
    return lambda event: tuple([key_part(event, name) for name in names])
