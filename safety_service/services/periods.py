"""The county's periods and classes: the shipped files or the bureau's own, laid on a school's clock."""

from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from safety_service.domain.credit_repair import CreditRepair
from safety_service.domain.credit_weights import CreditWeights
from safety_service.domain.deadlines import Deadlines, end_of_day
from safety_service.domain.errors import Refused
from safety_service.domain.red_black_list import ListCriteria
from safety_service.store import registry

_SHIPPED = Path(__file__).resolve().parent.parent / "data"
ModelT = TypeVar("ModelT", bound=BaseModel)


@lru_cache(maxsize=8)
def known_deadlines(own_file: Path | None = None) -> Deadlines:
    """The periods of `own_file`, else the shipped ones; a changed file counts from the next start."""
    return read_file(Deadlines, own_file or _SHIPPED / "deadlines.yaml")


@lru_cache(maxsize=8)
def known_credit_repair(own_file: Path | None = None) -> CreditRepair:
    """Classes and periods of credit repair of `own_file`, else the shipped ones."""
    return read_file(CreditRepair, own_file or _SHIPPED / "credit_repair.yaml")


@lru_cache(maxsize=8)
def known_credit_weights(own_file: Path | None = None) -> CreditWeights:
    """What makes up the credit index: of `own_file`, else as shipped."""
    return read_file(CreditWeights, own_file or _SHIPPED / "credit_index.yaml")


@lru_cache(maxsize=8)
def known_list_criteria(own_file: Path | None = None) -> ListCriteria:
    """Who is on the red and the black list: by `own_file`, else as shipped."""
    return read_file(ListCriteria, own_file or _SHIPPED / "red_black_list.yaml")


def read_file(model: type[ModelT], path: Path) -> ModelT:
    """A YAML file as the model; raises Refused with the file and every place that is wrong.

    Scalars are read as text and then by the model, so that an amount is never a binary fraction.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Refused(f"cannot be read: {error}", place=path.name) from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [
            (
                f"{path.name} {'.'.join(map(str, fault['loc']))}".rstrip(),
                fault["msg"].removeprefix("Value error, "),
            )
            for fault in error.errors()
        ]
        raise Refused(problems[0][1], place=problems[0][0], problems=problems) from None


def school_zone(session: Session, school: str, timezone: str) -> tzinfo:
    """The school's own time zone, else the county's."""
    return ZoneInfo(registry.get_school(session, school).timezone or timezone)


def due_at(session: Session, school: str, timezone: str, day: date) -> datetime:
    """The end of that day at the school."""
    return end_of_day(day, school_zone(session, school, timezone))
