"""The AsyncAPI document of this program: the topics that it has decoders for."""

from functools import cache
from importlib import resources

import msgspec
import yaml

from safety_service import __version__
from safety_service.domain.asyncapi import Document, Topic
from safety_service.domain.asyncapi import document as document_of
from safety_service.domain.decoding.table import DECODERS


@cache
def topics() -> tuple[Topic, ...]:
    """The table that ships, in its order."""
    file = resources.files("safety_service") / "data" / "topics.yaml"
    rows = msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), list[Topic])
    return tuple(row for row in rows if row.format in DECODERS)


def document() -> Document:
    return document_of(__version__, topics())
