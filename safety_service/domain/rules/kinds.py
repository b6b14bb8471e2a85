"""The kinds of rules there are: one line each."""

from safety_service.domain.rules import absence, change, count, event, overdue, threshold, together
from safety_service.domain.rules.plan import RuleKind

RULE_KINDS: dict[str, RuleKind] = {
    "event": event.KIND,
    "threshold": threshold.KIND,
    "count": count.KIND,
    "absence": absence.KIND,
    "together": together.KIND,
    "change": change.KIND,
    "overdue": overdue.KIND,
}
