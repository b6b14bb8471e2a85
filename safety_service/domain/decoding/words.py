"""Words that mean the same whoever says them (`未戴口罩检测`, `No_Mask Alarm`): the profile `generic`."""

import re
from functools import lru_cache

from safety_service.domain.decoding.profiles import PROFILES, UNKNOWN, Mapped

GENERIC = "generic"
"""The profile whose words count wherever a vendor's own table does not know one."""

_BETWEEN = re.compile(r"[\s_/.,:!()\u00b7\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a-]+")
_ENDINGS = re.compile(
    r"(检测|识别|侦测|监测|告警|报警|预警|警报|提醒|事件|行为|违规|异常|算法|alarm|alert|warning|detection"
    r"|detected|detector|detect|recognition|event)+$"
)
_BEGINNINGS = re.compile(
    r"^(message|检测到|识别到|监测到|发现|疑似|存在|有人|人员|人体|工作人员|从业人员|厨师|员工|学生|后厨|厨房|厨工|违规)+"
)


def meaning_of(text: str) -> Mapped:
    """What a word says by itself; `other`, not known, where it says nothing that anybody would understand."""
    generic = PROFILES.get(GENERIC)
    if generic is None or text.isdigit():
        return UNKNOWN
    for word in _spellings(text):
        meaning = generic.look_up(word)
        if meaning.known:
            return meaning
    return UNKNOWN


@lru_cache(maxsize=4096)
def _spellings(text: str) -> tuple[str, ...]:
    """The word without blanks, then also without what vendors put behind it and before it."""
    word = _BETWEEN.sub("", text.lower())
    short = _ENDINGS.sub("", word)
    return tuple(dict.fromkeys(one for one in (word, short, _BEGINNINGS.sub("", short)) if one))
