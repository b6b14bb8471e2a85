"""The canteen checklist an inspector carries, and filled-in forms of it."""

from collections.abc import Collection
from random import Random
from typing import Any

ITEMS: tuple[str, ...] = (
    "1.1",
    *(f"2.{item}" for item in (1, 2, 3)),
    *(f"3.{item}" for item in (1, 2)),
    *(f"4.{item}" for item in (1, 2, 3, 4)),
    *(f"5.{item}" for item in (1, 2, 3, 4)),
    *(f"6.{item}" for item in (1, 2, 3)),
    *(f"7.{item}" for item in (1, 2, 3, 4, 5, 6)),
    *(f"8.{item}" for item in (1, 2, 3, 4)),
    *(f"9.{item}" for item in (1, 2, 3)),
)
KEY_ITEMS = frozenset({"3.1", "3.2", "4.1", "4.2", "6.1", "8.4", "9.3"})
"""The ★ items of the form: two of them failed and there is no grade."""

_OFTEN_FAILED = (
    "2.2",
    "2.3",
    "4.4",
    "5.1",
    "5.2",
    "6.2",
    "7.1",
    "7.2",
    "7.4",
    "8.2",
    "8.3",
    "9.2",
    "5.4",
    "4.3",
)
_REMARKS = {
    "2.2": "上次检查结果未张贴",
    "4.4": "一名从业人员工作帽佩戴不规范",
    "5.1": "墙面有油污",
    "5.2": "排烟罩未定期清洁",
    "6.2": "两袋面粉未离地存放",
    "7.1": "生熟砧板混放",
    "7.2": "刀具标识脱落",
    "7.4": "留样量不足125克",
    "8.2": "洗手池消毒液已空",
    "8.3": "餐厨废弃物容器未加盖",
    "9.2": "保洁柜门关闭不严",
    "9.3": "餐具表面有残渣",
}
_INSPECTORS = ("郑一帆", "苗青", "殷向阳", "鲍晓棠", "骆文博", "燕秋实")


def inspection(
    cafeteria: str, failed: Collection[str], random: Random, absent: Collection[str] = ("7.5",)
) -> dict[str, Any]:
    """The body of an inspection without its date: every item passed but those failed or reasonably absent."""
    return {
        "cafeteria": cafeteria,
        "scheme": "cn.dynamic_2012",
        "inspector": random.choice(_INSPECTORS),
        "items": [_item(code, failed, absent) for code in ITEMS],
        "note": "日常监督检查" if not failed else f"日常监督检查,{len(failed)}项不符合,责令限期改正",
    }


def some_failures(random: Random, number: int, key: bool = False) -> tuple[str, ...]:
    """So many of the items that fail in practice, in the form's order; with `key` one key item besides."""
    failed = set(random.sample(_OFTEN_FAILED, number)) | ({"9.3"} if key else set())
    return tuple(code for code in ITEMS if code in failed)


def _item(code: str, failed: Collection[str], absent: Collection[str]) -> dict[str, str]:
    if code in failed:
        remark = _REMARKS.get(code)
        return {"code": code, "result": "fail"} | ({"note": remark} if remark else {})
    return {"code": code, "result": "absent" if code in absent else "pass"}
