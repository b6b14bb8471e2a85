"""Escalation on the virtual clock of a rule test: the plan and the decisions are those of the service."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from safety_service.domain import escalation as core
from safety_service.domain.escalation import Policy, Progress, Reached, Step
from safety_service.domain.types import Alert, Transition


class _Way(msgspec.Struct):
    """How far one alert has come; `due` None: held up since `held_at`, or at the end of its plan."""

    policy: Policy
    progress: Progress
    due: datetime | None
    held_at: datetime | None = None


class Escalating:
    """The alerts that go on to the next while nobody takes them.

    `on_duty`: the channel behind each roster; one that is not in it has nobody on duty.
    """

    def __init__(
        self, policies: Mapping[str, Policy], channels: Collection[str], on_duty: Mapping[str, str]
    ) -> None:
        self._policies = policies
        self._channels = channels
        self._on_duty = on_duty
        self._ways: dict[int, _Way] = {}
        self.told: dict[int, set[str]] = {}
        """The channels that steps told of each alert: they are told of its end, whatever its rule says."""

    def follow(self, alert: Alert, step: Transition, name: str | None, now: datetime) -> None:
        """Begins, begins anew or stops with a transition; `name`: the policy of the alert's rule."""
        if step.change in core.STOPS:
            self._ways.pop(alert.id, None)
        elif (
            step.change in core.STARTS
            and step.condition == "firing"
            and (policy := self._policies.get(name or ""))
        ):
            if not core.applies(policy, alert.severity):
                return
            progress = Progress(counts_from=now)
            held = core.is_held(alert)
            due = None if held else core.next_due(policy.steps, progress)
            self._ways[alert.id] = _Way(policy, progress, due, now if held else None)

    def note(self, alert: Alert, now: datetime) -> None:
        """What holds the alert back has begun or ended: it stands still meanwhile."""
        way = self._ways.get(alert.id)
        if way is None:
            return
        if core.is_held(alert):
            if way.held_at is None and way.due is not None:
                way.held_at, way.due = now, None
        elif way.held_at is not None:
            stood = max(now - way.held_at, timedelta(0))
            way.progress = msgspec.structs.replace(way.progress, counts_from=way.progress.counts_from + stood)
            way.due, way.held_at = core.next_due(way.policy.steps, way.progress), None

    def next_due(self) -> datetime | None:
        return min((way.due for way in self._ways.values() if way.due is not None), default=None)

    def look(self, alerts: Sequence[Alert], now: datetime) -> list[tuple[Alert, Transition]]:
        """The steps due at `now`, in the order of the alerts, which are numbered from 1."""
        taken = []
        for number, way in sorted(self._ways.items()):
            if way.due is None or way.due > now:
                continue
            alert = alerts[number - 1]
            outcome = core.decide(way.policy.steps, way.progress, now, self._reach)
            way.progress, way.due = outcome.progress, outcome.next_due
            for one, sent in zip(outcome.taken, core.shares(outcome.taken), strict=True):
                taken.append((alert, core.transition_of(one, sent, way.policy.id, alert)))
                self.told.setdefault(number, set()).update(sent)
        return taken

    def _reach(self, step: Step) -> Reached:
        channels, nobody, not_told = [], [], []
        for target in step.notify:
            channel = target.channel
            if target.roster is not None:
                channel = self._on_duty.get(target.roster)
                if channel is None:
                    nobody.append(target.roster)
                    continue
            assert channel is not None
            if channel in self._channels:
                channels.append(channel)
            else:
                not_told.append({"channel": channel, "reason": "there is no such channel"})
        return Reached(
            channels=tuple(dict.fromkeys(channels)), nobody=tuple(nobody), not_told=tuple(not_told)
        )
