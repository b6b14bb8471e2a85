"""The documents that other programs read."""

import json

import pytest
from typer.testing import CliRunner

from safety_service import __version__
from safety_service.cli import app


@pytest.mark.parametrize(("command", "version"), [("openapi", "3.1."), ("asyncapi", "3.0.0")])
def test_a_document_is_printed_and_needs_no_database(command: str, version: str) -> None:
    done = CliRunner().invoke(app, [command])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed[command].startswith(version)
    assert printed["info"]["version"] == __version__
