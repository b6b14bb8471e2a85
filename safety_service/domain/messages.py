"""What people read of a notification: short texts in Chinese, English or both."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec

from safety_service.domain.delivery import DIGEST, TRIAL, Notice
from safety_service.domain.message_words import CHANGES, LEVELS, WORDS
from safety_service.domain.places import Place
from safety_service.domain.types import SEVERITIES, SEVERITY_RANK

Language = Literal["zh", "en", "both"]

DIGEST_LINES = 12
"""Lines of a digest that a person still reads on a telephone; the rest is counted."""


class Text(msgspec.Struct, frozen=True):
    """One message: `title` is a single line, `lines` are what stands under it."""

    title: str
    lines: tuple[str, ...]

    @property
    def whole(self) -> str:
        return "\n".join((self.title, *self.lines))


def text_of(notice: Notice, language: Language = "zh") -> Text:
    """The notice for people; in both languages the Chinese lines come first, the title holds both."""
    write = _writer(notice)
    if language != "both":
        return write(notice, language)
    chinese, english = write(notice, "zh"), write(notice, "en")
    return Text(f"{chinese.title} / {english.title}", (*chinese.lines, "", english.title, *english.lines))


def short_text(notice: Notice, language: Language = "zh", longest: int = 200) -> str:
    """The notice in a single line of at most `longest` characters, for text messages.

    Without the picture: half a link leads nowhere, and a whole one would leave no room for the words.
    """
    text = text_of(msgspec.structs.replace(notice, picture=None), language)
    line = " ".join((text.title, *(part.partition("：")[2] or part for part in text.lines if part)))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def within_bytes(text: str, most: int) -> str:
    """As much of the text as fits into `most` bytes of UTF-8, never half a character."""
    encoded = text.encode()
    if len(encoded) <= most:
        return text
    return encoded[: most - len("…".encode())].decode(errors="ignore") + "…"


def plain(value: object) -> str:
    """A name from outside on a single line: no line breaks or control characters of its own."""
    printable = "".join(char if char.isprintable() else " " for char in str(value))
    return " ".join(printable.split())


def in_language(names: object, language: str) -> str:
    """One of `{"zh": …, "en": …}`, the other where it is missing."""
    if not isinstance(names, dict):
        return plain(names or "")
    return plain(names.get(language) or names.get("zh") or names.get("en") or "")


def _writer(notice: Notice) -> Callable[[Notice, str], Text]:
    return {DIGEST: _digest, TRIAL: _trial}.get(notice.type, _alert)


def _alert(notice: Notice, language: str) -> Text:
    words, alert, place = WORDS[language], notice.data, notice.place or Place()
    return Text(_head(notice, language), tuple(_facts(words, alert, notice, place, language)))


def _facts(
    words: dict[str, str], alert: dict[str, Any], notice: Notice, place: Place, language: str
) -> Iterable[str]:
    if notice.data.get("owed"):
        yield words["owed"].format(in_language(notice.data["owed"].get("title"), language))
    yield words["school"].format(_school(notice, language))
    for name in ("zone", "device"):
        named = plain(getattr(place, name) or alert.get(name) or "")
        if named:
            yield words[name].format(named)
    yield words["time"].format(place.local(notice.timestamp).strftime("%Y-%m-%d %H:%M:%S"))
    if alert.get("count", 1) > 1:
        yield words["count"].format(alert["count"])
    if alert.get("suppressed_by"):
        yield words["suppressed"].format(plain(alert["suppressed_by"]))
    if notice.link:
        yield words["link"].format(notice.link)
    if notice.picture:
        yield words["picture"].format(notice.picture)


def _head(notice: Notice, language: str) -> str:
    level = LEVELS[language].get(notice.data.get("severity", ""), "")
    change = notice.type.removeprefix("alert.")
    return WORDS[language]["head"].format(
        level=level,
        title=in_language(notice.data.get("title"), language),
        change=CHANGES[language].get(change, plain(change)),
    )


def _school(notice: Notice, language: str) -> str:
    place, code = notice.place or Place(), plain(notice.data.get("school", ""))
    return in_language({"zh": place.school_zh, "en": place.school_en}, language) or code


def _trial(notice: Notice, language: str) -> Text:
    words, place = WORDS[language], notice.place or Place()
    by = {name: plain(notice.data.get(name, "")) for name in ("channel", "by")}
    time = place.local(notice.timestamp).strftime("%Y-%m-%d %H:%M:%S")
    return Text(words["trial"], (words["trial_by"].format(**by), words["time"].format(time)))


def _digest(notice: Notice, language: str) -> Text:
    words, notices = WORDS[language], notice.parts
    lines = [_tally(notices, language)]
    lines += [_line(one, language) for one in notices[:DIGEST_LINES]]
    if len(notices) > DIGEST_LINES:
        lines.append(words["more"].format(len(notices) - DIGEST_LINES))
    if notice.link:
        lines.append(words["link"].format(notice.link))
    return Text(words["digest"].format(count=len(notices)), tuple(lines))


def _tally(notices: Sequence[Notice], language: str) -> str:
    words, counts = WORDS[language], dict.fromkeys(SEVERITIES, 0)
    for one in notices:
        severity = one.data.get("severity", "")
        if severity in SEVERITY_RANK:
            counts[severity] += 1
    parts = [
        words["tally"].format(level=LEVELS[language][name], count=count)
        for name, count in counts.items()
        if count
    ]
    return words["comma"].join(parts)


def _line(notice: Notice, language: str) -> str:
    place = notice.place or Place()
    where = " ".join(
        filter(None, (_school(notice, language), plain(place.zone or notice.data.get("zone") or "")))
    )
    return f"{place.local(notice.timestamp):%H:%M} {_head(notice, language)} {where}"
