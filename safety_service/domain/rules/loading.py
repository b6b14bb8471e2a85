"""Rule files: every problem with file, line and reason, or the checked rules."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from safety_service.domain import calendars as calendar_file
from safety_service.domain.calendars import BUILT_IN, Calendar
from safety_service.domain.errors import Refused
from safety_service.domain.rules.consistency import check_together, warn_of
from safety_service.domain.rules.kinds import RULE_KINDS
from safety_service.domain.rules.matching import check_match, did_you_mean, reason_of
from safety_service.domain.rules.model import CommonFields, Rule, RuleSet, build_rule
from safety_service.domain.rules.plan import RuleKind
from safety_service.domain.rules.yamltree import Path, Tree, read_tree

Problems = list[tuple[Path, str]]
COMMON = {field.alias or name for name, field in CommonFields.model_fields.items()}
TOP_LEVEL = ("rules", "calendars")

__all__ = ["RuleSet", "load_rules", "read_calendars", "read_rules"]


def load_rules(text: str, filename: str, *, calendars: Mapping[str, Calendar] = BUILT_IN) -> RuleSet:
    """Reads and checks a rule file: `rules`, and `calendars` that add to or replace the given ones.

    Raises Refused whose `problems` are all problems found, as (`file:line`, reason).
    """
    tree = read_tree(text, filename)
    if not isinstance(tree.value, dict) or "rules" not in tree.value:
        raise Refused("a rule file has a list `rules`", place=tree.place(()))
    problems: Problems = [
        ((name,), f"unknown field {name!r}{did_you_mean(name, TOP_LEVEL)}")
        for name in tree.value
        if name not in TOP_LEVEL
    ]
    known = dict(calendars) | read_calendars(tree.value.get("calendars"), ("calendars",), problems)
    return read_rules(tree, ("rules",), known, problems)


def read_calendars(value: Any, path: Path, problems: Problems) -> dict[str, Calendar]:
    """The calendars of a file by name; what is wrong with them is added to the problems."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        problems.append((path, "calendars are names with their windows"))
        return {}
    found = {}
    for name, content in value.items():
        try:
            found[name] = calendar_file.read_calendar(content, name)
        except Refused as error:
            problems += [((*path, name), f"{place}: {reason}") for place, reason in error.problems]
    return found


def read_rules(
    tree: Tree, path: Path, calendars: Mapping[str, Calendar], problems: Problems | None = None
) -> RuleSet:
    """The rules at a path of the tree; raises Refused with these and the given problems."""
    problems = [] if problems is None else problems
    warnings: Problems = []
    items = tree.value
    for step in path:
        items = items[step]
    rules: dict[str, Rule] = {}
    places: dict[str, Path] = {}
    if not isinstance(items, list):
        problems.append((path, "rules are a list"))
        items = []
    for position, item in enumerate(items):
        where = (*path, position)
        rule = _read_rule(item, where, calendars, problems, warnings)
        if rule is None:
            continue
        if rule.id in rules:
            first = tree.place((*places[rule.id], "id")).rpartition(":")[2]
            problems.append(((*where, "id"), f"the id {rule.id!r} is already taken in line {first}"))
            continue
        rules[rule.id], places[rule.id] = rule, where
    refused_ids = [item["id"] for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]
    check_together(rules, places, refused_ids, problems)
    if problems:
        raise tree.refused("the rules cannot be used", problems)
    placed = [(tree.place(where), reason) for where, reason in warnings]
    return RuleSet(rules=rules, calendars=dict(calendars), warnings=placed)


def _read_rule(
    item: Any, where: Path, calendars: Collection[str], problems: Problems, warnings: Problems
) -> Rule | None:
    if not isinstance(item, dict):
        problems.append((where, "a rule is a set of fields"))
        return None
    known_before = len(problems)
    kind = _kind_of(item, where, problems)
    common_part = {name: value for name, value in item.items() if name in COMMON}
    own_part = {name: value for name, value in item.items() if name not in COMMON}
    common = _validated(CommonFields, common_part, where, problems)
    params = _own_params(kind, own_part, where, problems) if kind is not None else None
    match = item.get("match", {})
    match_problems = check_match(match) if match is not None else []
    problems += [((*where, "match", *below), reason) for below, reason in match_problems]
    for name in ("active", "except"):
        calendar = item.get(name)
        if isinstance(calendar, str) and calendar not in calendars:
            hint = did_you_mean(calendar, sorted(calendars))
            problems.append(((*where, name), f"there is no calendar {calendar!r}{hint}"))
    if kind is not None and params is not None and common is not None and not match_problems:
        found, doubtful = kind.check(common.match, params)
        problems += [((*where, *below), reason) for below, reason in found]
        warnings += [((*where, *below), reason) for below, reason in doubtful]
        warnings += [((*where, *below), reason) for below, reason in warn_of(common)]
    if len(problems) > known_before or common is None:
        return None
    return build_rule(common, params, item, kind.identity if kind is not None else None)


def _kind_of(item: Mapping[str, Any], where: Path, problems: Problems) -> RuleKind | None:
    name = item.get("kind")
    if name is None:
        return None
    if isinstance(name, str) and name in RULE_KINDS:
        return RULE_KINDS[name]
    reason = f"unknown rule kind {name!r}{did_you_mean(str(name), list(RULE_KINDS))}"
    problems.append(((*where, "kind"), reason))
    return None


def _own_params(kind: RuleKind, fields: dict[str, Any], where: Path, problems: Problems) -> Any:
    names = {field.alias or name for name, field in kind.params.model_fields.items()}
    for name in [name for name in fields if name not in names]:
        hint = did_you_mean(name, sorted(names | COMMON))
        problems.append(((*where, name), f"unknown field {name!r}{hint}"))
        del fields[name]
    return _validated(kind.params, fields, where, problems)


def _validated(model: type[Any], fields: dict[str, Any], where: Path, problems: Problems) -> Any:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        for found in error.errors():
            path = (*where, *found["loc"])
            reason = reason_of(found)
            problems.append((path, reason if found["type"] != "extra_forbidden" else _unknown(found, model)))
        return None


def _unknown(found: Any, model: type[Any]) -> str:
    """An unknown field inside a field, with the nearest name that is known there."""
    name = str(found["loc"][-1])
    names: set[str] = set()
    for definition in model.model_json_schema().get("$defs", {}).values():
        names |= set(definition.get("properties", {}))
    return f"unknown field {name!r}{did_you_mean(name, sorted(names))}"
