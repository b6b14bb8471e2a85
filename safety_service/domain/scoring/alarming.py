"""What a rule asks of a graded visit beside its grade, in words that a match can name."""

from typing import Any

from safety_service.domain.scoring.comparison import Result


def alarming_facts(before: Result | None, now: Result) -> dict[str, Any]:
    """`key_failed`: none, one or several key items; `repeated`: the items that failed in both visits by code,
    and `repeats` whether there are any. Only checklists name their items, each in codes of its own."""
    known = _failed(before) if before and before.get("scheme") == now["scheme"] else frozenset()
    repeated = sorted(_failed(now) & known)
    count = int(now["inputs"].get("key_items_failed") or 0)
    return {
        "key_failed": "none" if not count else "one" if count == 1 else "several",
        "repeated": repeated,
        "repeats": bool(repeated),
    }


def _failed(result: Result) -> frozenset[str]:
    items = result["reckoning"].get("items", [])
    return frozenset(item["code"] for item in items if item["result"] == "fail")
