"""Reads a vendor profile: its text becomes a Profile, or a refusal with each problem's file, line and reason.

    id: example-box
    title: {zh: 示例盒子, en: Example box}
    match: {alg.name: any, vendor: [example, EXAMPLE]}
    events: data.alarms
    fields: {code: type, time: at, time_format: epoch_ms, device: $.box, snapshot_base64: image}
    attributes: {confidence: "objects[0].score"}
    phases: {begin: start, finish: end}
    severities: {"1": critical}
    codes: {NoHat: {kind: no_chef_hat, severity: minor}}
    answer: {code: 0}

A file with the id of a known profile extends it: its codes and fields are added or replace those of the same
name, and what it leaves out stays as it was.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from safety_service.domain.decoding.kinds import KINDS, SERVICE_KINDS
from safety_service.domain.decoding.paths import Path, parse_path
from safety_service.domain.decoding.profiles import (
    EPOCH_UNITS,
    LONGEST_CODE,
    Condition,
    Mapped,
    Profile,
    plain_text,
)
from safety_service.domain.errors import Refused
from safety_service.domain.rules.matching import did_you_mean
from safety_service.domain.rules.yamltree import Path as Place
from safety_service.domain.rules.yamltree import Tree, read_tree
from safety_service.domain.types import PHASES, SEVERITIES

TOP_LEVEL = (
    "id",
    "title",
    "codes",
    "match",
    "events",
    "fields",
    "attributes",
    "phases",
    "severities",
    "answer",
)
_FIELDS = """
    device channel time event_id code phase description severity zone value unit snapshot_base64 snapshot_url
"""
FIELDS = frozenset(_FIELDS.split())
DEVICE_KINDS = KINDS - SERVICE_KINDS - {"inspection_submitted"}
ANYTHING = "any"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PROBE = datetime(2026, 11, 23, 15, 10, 5)  # noqa: DTZ001 - only its digits matter


def load_profile(text: str, filename: str, known: Mapping[str, Profile] | None = None) -> Profile:
    """The profile in a YAML text. Raises Refused whose `problems` are (`FILE:LINE`, reason), all at once."""
    tree = read_tree(text, filename)
    if not isinstance(tree.value, dict):
        raise Refused("a vendor profile is a set of fields", place=tree.place(()))
    reader = _Reader(tree)
    profile = reader.read(known or {})
    if reader.problems:
        raise tree.refused("the vendor profile cannot be used", reader.problems)
    return profile


class _Reader:
    """Reads the parts of one file and gathers what is wrong with them."""

    def __init__(self, tree: Tree) -> None:
        self.value: dict[str, Any] = tree.value
        self.problems: list[tuple[Place, str]] = []

    def read(self, known: Mapping[str, Profile]) -> Profile:
        for name in self.value:
            if name not in TOP_LEVEL:
                self._wrong((name,), f"unknown field {name!r}{did_you_mean(name, TOP_LEVEL)}")
        identity = self.value.get("id")
        if not isinstance(identity, str) or not _ID.fullmatch(identity):
            self._wrong(("id",), "an id is 1 to 40 lower-case letters, digits, - and _")
            identity = ""
        base = known.get(identity)
        codes = dict(base.codes) if base else {}
        codes.update(self._codes())
        fields = dict(base.fields) if base else {}
        own_fields, time_format = self._fields()
        fields.update(own_fields)
        if fields and "code" not in fields:
            self._wrong(("fields",), "without a field `code` no payload can be read")
        return Profile(
            id=identity,
            title=self._title(base),
            codes=codes,
            folded={code.lower(): meaning for code, meaning in codes.items()},
            match=self._match() if "match" in self.value else base.match if base else (),
            events=self._path(("events",), self.value["events"])
            if "events" in self.value
            else base.events
            if base
            else None,
            fields=fields,
            time_format=time_format or (base.time_format if base else None),
            attributes={**(base.attributes if base else {}), **self._attributes()},
            phases={**(base.phases if base else {}), **self._words("phases", PHASES)},
            severities={**(base.severities if base else {}), **self._words("severities", SEVERITIES)},
            answer=self._answer() if "answer" in self.value else base.answer if base else None,
        )

    def _title(self, base: Profile | None) -> dict[str, str]:
        title = self.value.get("title")
        if title is None and base is not None:
            return base.title
        if not isinstance(title, dict) or set(title) != {"zh", "en"}:
            self._wrong(("title",), "a title is {zh: …, en: …}")
            return {}
        for language, text in title.items():
            if not isinstance(text, str) or not text.strip():
                self._wrong(("title", language), "a title is a text")
        return cast(dict[str, str], title)

    def _codes(self) -> dict[str, Mapped]:
        found: dict[str, Mapped] = {}
        seen: dict[str, str] = {}
        for code, content in self._mapping("codes").items():
            if not code.strip() or len(code) > LONGEST_CODE:
                self._wrong(("codes", code), f"a code has 1 to {LONGEST_CODE} characters")
            meaning = self._meaning(("codes", code), content)
            if meaning is None:
                continue
            twin = seen.setdefault(code.lower(), code)
            if twin != code and found[twin] != meaning:
                self._wrong(("codes", code), f"{code!r} and {twin!r} are the same code and differ in meaning")
            found[code] = meaning
        return found

    def _meaning(self, place: Place, content: Any) -> Mapped | None:
        if not isinstance(content, dict):
            self._wrong(place, "a code is given as {kind: …, severity: …}")
            return None
        for name in content:
            if name not in ("kind", "severity"):
                hint = did_you_mean(name, ("kind", "severity"))
                self._wrong((*place, name), f"unknown field {name!r}{hint}")
        kind, severity = content.get("kind"), content.get("severity")
        if not isinstance(kind, str) or kind not in DEVICE_KINDS:
            hint = did_you_mean(str(kind), DEVICE_KINDS)
            self._wrong((*place, "kind"), f"unknown kind {kind!r}{hint}" if kind else "the kind is missing")
            return None
        if severity is not None and severity not in SEVERITIES:
            hint = did_you_mean(str(severity), SEVERITIES)
            self._wrong((*place, "severity"), f"unknown severity {severity!r}{hint}")
            return None
        return Mapped(kind, severity)

    def _match(self) -> tuple[Condition, ...]:
        found = []
        for text, wanted in self._mapping("match").items():
            path = self._path(("match", text), text)
            values = wanted if isinstance(wanted, list) else [wanted]
            if not values or any(isinstance(value, (dict, list)) or value is None for value in values):
                self._wrong(("match", text), f"a match is a value, a list of values, or {ANYTHING!r}")
                continue
            texts = frozenset(map(plain_text, values))
            if path is not None:
                found.append(Condition(path, None if texts == {ANYTHING} else texts))
        return tuple(found)

    def _fields(self) -> tuple[dict[str, Path], str | None]:
        found: dict[str, Path] = {}
        time_format = None
        for name, text in self._mapping("fields").items():
            if name == "time_format":
                time_format = self._time_format(text)
            elif name not in FIELDS:
                hint = did_you_mean(name, [*FIELDS, "time_format"])
                self._wrong(("fields", name), f"unknown field {name!r}{hint}")
            elif (path := self._path(("fields", name), text)) is not None:
                found[name] = path
        return found, time_format

    def _time_format(self, text: Any) -> str | None:
        if text in EPOCH_UNITS:
            return cast(str, text)
        try:
            datetime.strptime(_PROBE.strftime(text), text)  # noqa: DTZ007
        except (ValueError, TypeError):
            text = None
        if text is None or "%" not in text:
            known = ", ".join(EPOCH_UNITS)
            self._wrong(
                ("fields", "time_format"), f"a time format is one of {known}, or like %Y-%m-%d %H:%M:%S"
            )
            return None
        return cast(str, text)

    def _attributes(self) -> dict[str, Path]:
        found = {}
        for name, text in self._mapping("attributes").items():
            if not _ATTRIBUTE.fullmatch(name):
                self._wrong(("attributes", name), "an attribute is lower-case letters, digits and _")
            elif (path := self._path(("attributes", name), text)) is not None:
                found[name] = path
        return found

    def _words(self, part: str, known: tuple[str, ...]) -> dict[str, Any]:
        found = {}
        for word, meaning in self._mapping(part).items():
            if meaning not in known:
                hint = did_you_mean(str(meaning), known)
                self._wrong((part, word), f"one of {', '.join(known)}, not {meaning!r}{hint}")
            else:
                found[word.strip().lower()] = meaning
        return found

    def _answer(self) -> Any:
        """Kept as it is; what in it begins with `$.` must be a path."""
        answer = self.value["answer"]
        level: list[tuple[Place, Any]] = [(("answer",), answer)]
        while level:
            place, value = level.pop()
            if isinstance(value, dict):
                level += [((*place, name), inner) for name, inner in value.items()]
            elif isinstance(value, list):
                level += [((*place, number), inner) for number, inner in enumerate(value)]
            elif isinstance(value, str) and value.startswith("$."):
                self._path(place, value)
        return answer

    def _path(self, place: Place, text: Any) -> Path | None:
        if isinstance(text, list) and all(isinstance(one, str) for one in text):
            text = " | ".join(text)
        if not isinstance(text, str):
            self._wrong(place, "a path is a text such as device.id, or a list of them")
            return None
        try:
            return parse_path(text)
        except ValueError as error:
            self._wrong(place, str(error))
            return None

    def _mapping(self, part: str) -> dict[str, Any]:
        value = self.value.get(part)
        if value is not None and not isinstance(value, dict):
            self._wrong((part,), f"{part} are names with their values")
            return {}
        return value or {}

    def _wrong(self, place: Place, reason: str) -> None:
        self.problems.append((place, reason))
