"""Decides who is told what: a transition in, the outbox rows it owes out."""

from collections.abc import Sequence

import msgspec

from safety_service.domain.types import SEVERITY_RANK, Alert, Transition

NOTIFIED_CHANGES = frozenset({"raised", "severity_raised", "reopened", "resolved"})


class Receiver(msgspec.Struct, frozen=True):
    """What the decision needs to know of one channel."""

    channel: str
    recipient: str
    schools: frozenset[str]
    min_severity: str
    send_resolved: bool


def receivers_of(
    alert: Alert,
    transition: Transition,
    named: Sequence[str] | None,
    receivers: Sequence[Receiver],
    *,
    released: bool = False,
) -> list[Receiver]:
    """Who is to be told of this transition; `named`: the channels its rule names, None for all of them.

    Repeats, acknowledgements and comments tell nobody (alerting rule 2). Whoever was told that it fires is
    told that it ended, even if it was suppressed in between (rule 8); delivery withholds the rest.
    `released`: what held the transition back has gone, and it is told now.
    """
    if transition.change not in NOTIFIED_CHANGES:
        return []
    if "suppressed_by" in transition.detail and not released:
        return []
    return [
        receiver
        for receiver in receivers
        if (named is None or receiver.channel in named)
        and (not receiver.schools or alert.school in receiver.schools)
        and SEVERITY_RANK[transition.severity] >= SEVERITY_RANK[receiver.min_severity]
        and (transition.change != "resolved" or receiver.send_resolved)
    ]
