"""Every table of the service, mapped: whoever needs the whole schema imports this and nothing else."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from safety_service.store import (
    tables,
    tables_boundary,
    tables_cafeteria,
    tables_credit,
    tables_credit_index,
    tables_desk,
    tables_duties,
    tables_escalation,
    tables_identity,
    tables_inspection,
    tables_news,
    tables_outbox,
    tables_people,
    tables_push,
    tables_rectification,
    tables_rollup,
    tables_snapshot,
    tables_suppression,
)

MODULES = (
    tables,
    tables_people,
    tables_cafeteria,
    tables_rollup,
    tables_outbox,
    tables_news,
    tables_suppression,
    tables_escalation,
    tables_inspection,
    tables_rectification,
    tables_credit,
    tables_credit_index,
    tables_desk,
    tables_boundary,
    tables_push,
    tables_duties,
    tables_identity,
    tables_snapshot,
)

METADATA: MetaData = SQLModel.metadata
