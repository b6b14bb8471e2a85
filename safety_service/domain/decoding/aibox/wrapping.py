"""What platforms put around an alarm, taken off, for boxes without a profile that says where it stands."""

from collections.abc import Iterator
from typing import Any

from safety_service.domain.decoding.paths import opened

_AROUND_ONE = """
    data body params payload header head content info detail details message msg result alarm event
    alarminfo alarm_info eventinfo event_info alarmdata alarm_data alarmcontext alarmmsg notify notification
    metric args biz bizdata business eventdata event_data msgbody msg_body messagebody msgcontent extra
"""
AROUND_ONE = frozenset(_AROUND_ONE.split())
_AROUND_MANY = """
    data list rows records items alarms events alerts results alarmlist alarm_list eventlist event_list
    msglist messages datalist data_list alarminfolist
"""
AROUND_MANY = frozenset(_AROUND_MANY.split())
DEEPEST = 5


def unwrapped(root: Any) -> Iterator[dict[str, Any]]:
    """Each alarm of a payload, with what is said around it; what stands nearer to it goes before the rest."""
    if isinstance(root, dict):
        yield from _alarms(root, {}, 0)


def _alarms(holder: dict[str, Any], around: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    said, many = _taken_off(holder, around, depth)
    if not many:
        yield said
        return
    for one in many:
        yield from _alarms(one, said, depth + 1)


def _taken_off(
    holder: dict[str, Any], around: dict[str, Any], depth: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """All that a holder and what is wrapped in it say, and the elements of the first list of alarms."""
    said = dict(around)
    many: list[dict[str, Any]] = []
    inner: list[dict[str, Any]] = []
    for name, raw in holder.items():
        key = name.lower()
        wraps = depth < DEEPEST and (key in AROUND_ONE or key in AROUND_MANY)
        value = opened(raw) if wraps else raw
        if wraps and isinstance(value, dict):
            inner.append(value)
        elif wraps and key in AROUND_MANY and isinstance(value, list) and not many:
            many = [one for one in value if isinstance(one, dict)]
            if not many:
                said[_usual(name)] = raw
        else:
            said[_usual(name)] = raw
    for one in inner:
        said, within = _taken_off(one, said, depth + 1)
        many = many or within
    return said, many


def _usual(name: str) -> str:
    """`AlarmType` and `ALARM_TYPE` as most would write them."""
    return name.lower() if name.isupper() else name[:1].lower() + name[1:]
