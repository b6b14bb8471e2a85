"""One plain sentence for each alert, in Chinese and English, that a duty officer understands: why it is."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import msgspec

from safety_service.domain.explaining import Grounds

Words = Mapping[str, str]
"""The same in `zh` and `en`."""

_COMPARED: dict[str, tuple[str, str]] = {
    "above": ("高于", "above"),
    "at_or_above": ("达到或高于", "at or above"),
    "below": ("低于", "below"),
    "at_or_below": ("达到或低于", "at or below"),
    "equals": ("等于", "equal to"),
}
_UNITS = ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min"))
_DISTINCT: dict[str, tuple[str, str]] = {
    "device": ("设备", "devices"),
    "zone": ("区域", "zones"),
    "kind": ("类型", "kinds"),
    "gateway": ("网关", "gateways"),
}


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What the sentence is about, by its names. `place`: the zone, or else the device; empty if neither is
    known. `kind`: of the event; `parts`: the same of all kinds that came together."""

    place: Words
    device: str
    kind: Words
    title: Words
    count: int = 1
    parts: list[Words] = []


def sentence(grounds: Grounds, scene: Scene) -> dict[str, str]:
    """Why, in one sentence; the title and the place where the rule's definition is not known."""
    zh, en = _WRITERS.get(grounds.kind or "", _titled)(grounds, scene)
    return {"zh": zh, "en": en}


def spoken(length: timedelta) -> tuple[str, str]:
    """A length of time as people say it, by its two largest units: 1 小时 30 分钟, 1 h 30 min."""
    rest = length.total_seconds()
    zh, en = [], []
    for size, word, short in _UNITS:
        if rest >= size:
            zh.append(f"{int(rest // size)} {word}")
            en.append(f"{int(rest // size)} {short}")
            rest %= size
    if rest or not zh:
        zh.append(f"{plain(rest)} 秒")
        en.append(f"{plain(rest)} s")
    return " ".join(zh[:2]), " ".join(en[:2])


def plain(number: float) -> str:
    """A number as a meter shows it: 12.4, 12, 0.05."""
    return f"{number:.12g}" if abs(number) < 0.01 else f"{round(number, 2):.12g}"


def _threshold(grounds: Grounds, scene: Scene) -> tuple[str, str]:
    if grounds.value is None or not grounds.limits:
        return _titled(grounds, scene)
    limits = list(grounds.limits.items())
    zh_limits = " 且".join(f"{_COMPARED[name][0]} {_with_unit(limit, grounds)}" for name, limit in limits)
    en_limits = " and ".join(f"{_COMPARED[name][1]} {_with_unit(limit, grounds)}" for name, limit in limits)
    zh = f"{_of_place(scene)} {_with_unit(grounds.value, grounds)} {zh_limits}"
    en = f"{_at_place(scene)} {_with_unit(grounds.value, grounds)}, {en_limits}"
    if grounds.lasting:
        long_zh, long_en = spoken(grounds.lasting)
        return f"{zh} 已持续 {long_zh}", f"{en} for {long_en}"
    return zh, en


def _count(grounds: Grounds, scene: Scene) -> tuple[str, str]:
    if grounds.matches is None or grounds.window is None:
        return _titled(grounds, scene)
    within_zh, within_en = spoken(grounds.window)
    what_zh, what_en = "次", "times"
    if grounds.distinct is not None:
        name_zh, name_en = _DISTINCT.get(grounds.distinct, (grounds.distinct, grounds.distinct))
        what_zh, what_en = f"个不同的{name_zh}", f"different {name_en}"
    zh = f"{_of_place(scene)} {within_zh}内 {grounds.matches} {what_zh}"
    en = f"{_at_place(scene)}, {grounds.matches} {what_en} within {within_en}"
    return _with_limit(zh, en, grounds.at_least, grounds)


def _absence(grounds: Grounds, scene: Scene) -> tuple[str, str]:
    if grounds.silent_for is None or not scene.device:
        return _titled(grounds, scene)
    silent = grounds.at - grounds.silent_since if grounds.silent_since is not None else grounds.silent_for
    (long_zh, long_en), (most_zh, most_en) = spoken(silent), spoken(grounds.silent_for)
    place = f"（{scene.place['zh']}）" if scene.place["zh"] not in {"", scene.device} else ""
    at = f" ({scene.place['en']})" if place else ""
    zh = f"设备 {scene.device}{place or ' '}已 {long_zh}没有消息，上限 {most_zh}"
    en = f"Device {scene.device}{at} not heard of for {long_en}, at most {most_en}"
    return zh, en


def _change(grounds: Grounds, scene: Scene) -> tuple[str, str]:
    if grounds.value is None or grounds.before is None:
        return _titled(grounds, scene)
    before, after = _with_unit(grounds.before, grounds), _with_unit(grounds.value, grounds)
    falls = grounds.value < grounds.before
    moved = _with_unit(abs(grounds.value - grounds.before), grounds)
    zh = f"{_of_place(scene)}从 {before} {'降到' if falls else '升到'} {after}，变化 {moved}"
    en = f"{_at_place(scene)} {'fell' if falls else 'rose'} from {before} to {after}, by {moved}"
    limit = grounds.falls_by if falls else grounds.rises_by
    return _with_limit(zh, en, limit, grounds)


def _together(grounds: Grounds, scene: Scene) -> tuple[str, str]:
    if not scene.parts or grounds.window is None:
        return _titled(grounds, scene)
    within_zh, within_en = spoken(grounds.window)
    zh = f"{within_zh}内先后出现{'、'.join(part['zh'] for part in scene.parts)}"
    en = f"{' and '.join(part['en'] for part in scene.parts)} within {within_en}"
    return _behind_place(scene, zh, en)


def _overdue(grounds: Grounds, scene: Scene) -> tuple[str, str]:
    if grounds.late_by is None or not grounds.owed:
        return _titled(grounds, scene)
    zh, en = (grounds.owed.get(language, scene.title[language]) for language in ("zh", "en"))
    if grounds.late_by:
        long_zh, long_en = spoken(grounds.late_by)
        return _behind_place(scene, f"{zh}，逾期 {long_zh}未完成", f"{en}: not done, {long_en} overdue")
    return _behind_place(scene, f"{zh}，到期未完成", f"{en}: not done by its due time")


def _event(grounds: Grounds, scene: Scene) -> tuple[str, str]:
    zh, en = scene.kind["zh"], scene.kind["en"]
    if grounds.value is not None:
        measured = _with_unit(grounds.value, grounds)
        zh, en = f"{zh} {measured}", f"{en} {measured}"
    if scene.count > 1:
        zh, en = f"{zh}，至今 {scene.count} 次", f"{en}, {scene.count} times so far"
    return _behind_place(scene, zh, en)


def _titled(grounds: Grounds, scene: Scene) -> tuple[str, str]:
    measured = "" if grounds.value is None else _with_unit(grounds.value, grounds)
    zh = f"{scene.title['zh']}，{scene.kind['zh']} {measured}" if measured else scene.title["zh"]
    en = f"{scene.title['en']}, {scene.kind['en']} {measured}" if measured else scene.title["en"]
    return _behind_place(scene, zh, en)


def _behind_place(scene: Scene, zh: str, en: str) -> tuple[str, str]:
    if not scene.place["zh"]:
        return zh, en
    return f"{scene.place['zh']}：{zh}", f"{scene.place['en']}: {en}"


def _of_place(scene: Scene) -> str:
    """冷库温度; a code or a name in Latin letters keeps its distance: t-1 温度."""
    place, kind = scene.place["zh"], scene.kind["zh"]
    return f"{place} {kind}" if place.isascii() and place else f"{place}{kind}"


def _at_place(scene: Scene) -> str:
    return f"{scene.place['en']}: {scene.kind['en']}" if scene.place["en"] else scene.kind["en"]


def _with_unit(number: float, grounds: Grounds) -> str:
    return f"{plain(number)} {grounds.unit}" if grounds.unit else plain(number)


def _with_limit(zh: str, en: str, limit: float | None, grounds: Grounds) -> tuple[str, str]:
    if limit is None:
        return zh, en
    shown = _with_unit(limit, grounds)
    return f"{zh}，界限 {shown}", f"{en}, limit {shown}"


_WRITERS: dict[str, Callable[[Grounds, Scene], tuple[str, str]]] = {
    "threshold": _threshold,
    "count": _count,
    "absence": _absence,
    "change": _change,
    "together": _together,
    "event": _event,
    "overdue": _overdue,
}
