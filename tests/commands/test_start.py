"""A service does not begin on half a book: a broken file of the bureau's own ends the start."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from safety_service.domain.errors import Refused
from safety_service.runtime import prepare
from safety_service.settings import Settings


def test_a_broken_scheme_file_ends_the_start(sqlite_engine: Engine, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    prepare(settings, sqlite_engine)
    own = tmp_path / "schemes"
    own.mkdir()
    (own / "wrong.yaml").write_text("id: 7", encoding="utf-8")
    with pytest.raises(Refused) as refusal:
        prepare(settings, sqlite_engine)
    assert ("wrong.yaml:1 version", "is missing") in refusal.value.problems
