"""The data files of the bureau's own, read at the start: one that cannot be used ends it with its place."""

from safety_service.services import vendors
from safety_service.services.inspection_due import known_planning
from safety_service.services.periods import (
    known_credit_repair,
    known_credit_weights,
    known_deadlines,
    known_list_criteria,
)
from safety_service.services.schemes import known_schemes
from safety_service.settings import Settings


def read(settings: Settings) -> None:
    """Raises Refused for the first that cannot be read."""
    known_schemes(settings.own_schemes)
    known_deadlines(settings.deadlines_file)
    known_credit_repair(settings.credit_repair_file)
    known_credit_weights(settings.credit_index_file)
    known_list_criteria(settings.red_black_list_file)
    known_planning(settings.planning_file)
    vendors.install(settings.resolved_vendors_dir)
