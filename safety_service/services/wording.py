"""What kinds, zones and severities are called in Chinese and English: the words of the pages, read once."""

from collections.abc import Mapping
from functools import cache
from importlib import resources

import msgspec

LANGUAGES = ("zh", "en")


@cache
def _words(language: str) -> Mapping[str, str]:
    file = resources.files("safety_service") / "data" / "locales" / f"{language}.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str])


def kind_name(kind: str) -> dict[str, str]:
    """Of an event kind; an unknown one is called as it is."""
    return _called(f"kind.{kind}", kind)


def severity_name(severity: str) -> dict[str, str]:
    return _called(f"severity.{severity}", severity)


def zone_name(zone: str) -> dict[str, str]:
    """Of a zone that no register names, by its code: many are called like their type."""
    return _called(f"zone.{zone.replace('-', '_')}", zone)


def _called(name: str, otherwise: str) -> dict[str, str]:
    return {language: _words(language).get(name, otherwise) for language in LANGUAGES}
