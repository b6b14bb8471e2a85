"""What may stand in the registry: schools, zones and devices as people enter them, cleaned and checked."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from safety_service.domain.errors import Refused

SchoolKind = Literal["kindergarten", "primary", "middle", "high", "vocational", "special", "other"]
DeviceCondition = Literal["new", "active", "quarantined", "retired"]

SCHOOL_KINDS: tuple[SchoolKind, ...] = get_args(SchoolKind)
SCHOOL_CODE = r"[0-9]{6}-[0-9]{3}"

_CODE = re.compile(SCHOOL_CODE)
_JOINERS = frozenset("\u200c\u200d")

EntryT = TypeVar("EntryT", bound=BaseModel)


def clean(text: str) -> str:
    """NFC, without invisible and control characters, every run of white space one blank.

    Names copied from spreadsheets and chats carry byte order marks and zero-width blanks, which would make
    two devices out of one. Joiners stay where they are part of a word or an emoji, never at an end.
    """
    kept = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if category in {"Zs", "Zl", "Zp"} or character in "\t\n\r\v\f":
            kept.append(" ")
        elif category not in {"Cc", "Cf", "Cs", "Co", "Cn"} or character in _JOINERS:
            kept.append(character)
    return " ".join("".join(kept).split()).strip("\u200c\u200d ")


def _cleaned(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _cleaned_or_none(value: Any) -> Any:
    value = _cleaned(value)
    return None if value == "" else value


def _school_code(value: str) -> str:
    if not _CODE.fullmatch(value):
        raise ValueError(f"a school code is six digits, a hyphen and three digits, not {value!r}")
    return value


def _zone_name(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {value!r}") from error
    return value


def _device_id(value: str) -> str:
    if any(character in value for character in "#+"):
        raise ValueError("a device id cannot hold # or +, which MQTT topics reserve")
    return value


def _web_address(value: str) -> str:
    """Only what a browser may open: never `javascript:` or a file, and no password for everybody to read."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(value) > 1000:
        raise ValueError("must be a web address, http:// or https://, of at most 1000 characters")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user name and no password: everybody at the desk can read it")
    return value


_OrNone = BeforeValidator(_cleaned_or_none)
_Line = Annotated[str, Field(max_length=200)]
_Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

Text = Annotated[str, BeforeValidator(_cleaned), Field(min_length=1, max_length=200)]
OptionalText = Annotated[_Line | None, _OrNone]
SchoolCode = Annotated[str, BeforeValidator(_cleaned), AfterValidator(_school_code)]
DeviceId = Annotated[
    str, BeforeValidator(_cleaned), AfterValidator(_device_id), Field(min_length=1, max_length=200)
]
Identities = Annotated[
    list[DeviceId], Field(max_length=50), AfterValidator(lambda names: list(dict.fromkeys(names)))
]
Slug = Annotated[_Word, BeforeValidator(_cleaned)]
OptionalSlug = Annotated[_Word | None, _OrNone]


class SchoolFields(BaseModel):
    """What is said about a school. `township` is its code or name; `timezone` an IANA name."""

    model_config = ConfigDict(extra="forbid")

    name_zh: Text
    name_en: OptionalText = None
    township: Text
    kind: Annotated[SchoolKind, BeforeValidator(lambda value: _cleaned_or_none(value) or "other")] = "other"
    latitude: Annotated[Annotated[float, Field(ge=-90, le=90)] | None, _OrNone] = None
    longitude: Annotated[Annotated[float, Field(ge=-180, le=180)] | None, _OrNone] = None
    pupils: Annotated[Annotated[int, Field(ge=0, le=1_000_000)] | None, _OrNone] = None
    timezone: Annotated[Annotated[str, AfterValidator(_zone_name)] | None, _OrNone] = None
    strict: bool = False


class SchoolEntry(SchoolFields):
    """One line of a school list."""

    code: SchoolCode


class ZoneFields(BaseModel):
    """A part of a school. `type` is what rules match: gate, dormitory, kitchen, cold_store ..."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    type: Slug


class DeviceFields(BaseModel):
    """What is said about a device. A `zone_type` is taken from the zone where it is not given.

    `identities`: other names under which it speaks, such as a MAC address, a serial number or what it was
    called before; not given, those that it has stay. `live_url`: where its picture can be watched.
    """

    model_config = ConfigDict(extra="forbid")

    name: Text
    zone: OptionalText = None
    zone_type: OptionalSlug = None
    format: OptionalSlug = None
    model: OptionalText = None
    identities: Identities | None = None
    live_url: Annotated[Annotated[str, AfterValidator(_web_address)] | None, _OrNone] = None


class DeviceEntry(DeviceFields):
    """One line of a device list; its identities stand in one cell, apart by semicolons."""

    school: SchoolCode
    device: DeviceId

    @field_validator("identities", mode="before")
    @classmethod
    def _of_one_cell(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return [one for one in re.split("[;；]", value) if clean(one)] or None


def read_entry(model: type[EntryT], line: Mapping[str, str | None]) -> EntryT:
    """One line of a list into its entry; raises Refused with every field that is wrong, and why."""
    try:
        return model.model_validate(line)
    except ValidationError as error:
        problems = [(".".join(map(str, one["loc"])) or "line", _reason(one)) for one in error.errors()]
        sentence = "; ".join(f"{place}: {reason}" for place, reason in problems)
        raise Refused(sentence, problems=problems) from error


def _reason(problem: Mapping[str, Any]) -> str:
    reason = str(problem["msg"]).removeprefix("Value error, ")
    given = problem.get("input")
    shown = f", not {given[:60]!r}" if isinstance(given, str) and problem["type"] != "value_error" else ""
    return reason[:1].lower() + reason[1:] + shown
