"""What a backtest is asked and what it answers, as a reader of the API sees it (domain.backtest_report)."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from safety_service.services.backtest import EXAMPLES

LONGEST_FILE = 1_000_000
MOST_EXAMPLES = 100
MOST_SCHOOLS = 1000


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BacktestIn(BaseModel):
    """Times of receipt, `from` included, `to` not. Without `text` the rules in force are replayed."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime = Field(alias="to")
    text: str | None = Field(default=None, max_length=LONGEST_FILE, description="A rule file (YAML)")
    schools: list[str] | None = Field(default=None, min_length=1, max_length=MOST_SCHOOLS)
    examples: int = Field(default=EXAMPLES, ge=0, le=MOST_EXAMPLES, description="Alerts shown of each rule")


class FiguresOut(Answer):
    """Transitions, and how long alerts were open: `open_milliseconds` is the sum over the `ended`.

    `still_open`: those raised or reopened in this time that fired at its end.
    """

    raised: int
    severity_raised: int
    reopened: int
    resolved: int
    still_open: int
    ended: int
    open_milliseconds: int
    longest_open_milliseconds: int


class ComparisonOut(Answer):
    """`difference` is would minus was, by transition."""

    would: FiguresOut
    was: FiguresOut
    difference: dict[str, int]


class RuleComparisonOut(ComparisonOut):
    """`same`: raised in both, within a minute. `title` is null where the file lacks the rule."""

    rule: str
    title: dict[str, str] | None
    same: int
    only_would: int
    only_was: int


class SchoolComparisonOut(ComparisonOut):
    school: str


class DayComparisonOut(ComparisonOut):
    day: str


class DeviceComparisonOut(ComparisonOut):
    school: str
    device: str


class ExampleOut(Answer):
    """An alert that would have been raised; `values` decided it, `changes` are (change, time, severity)."""

    rule: str
    key: list[str]
    school: str
    device: str | None
    severity: str
    raised_at: AwareDatetime
    values: dict[str, Any]
    changes: list[tuple[str, AwareDatetime, str]]
    resolved_at: AwareDatetime | None
    count: int


class MissedOut(Answer):
    """An alert that was raised and would not have been."""

    rule: str
    key: list[str]
    raised_at: AwareDatetime


class BacktestOut(Answer):
    """`until` is earlier than asked for where the pipeline had come no further. `not_replayed`: rules of kind
    overdue, for what was owed at a time gone by is not kept."""

    since: AwareDatetime
    until: AwareDatetime
    warm_up_from: AwareDatetime
    events: int
    warm_up_events: int
    total: ComparisonOut
    rules: list[RuleComparisonOut]
    schools: list[SchoolComparisonOut]
    days: list[DayComparisonOut]
    noisiest_devices: list[DeviceComparisonOut]
    examples: list[ExampleOut]
    missed: list[MissedOut]
    not_replayed: list[str]
