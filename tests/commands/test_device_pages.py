"""What a device page tells people to type works as it stands: its payloads, scenarios and formats."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device_simulator.formats import FORMATS
from device_simulator.scenarios import SCENARIOS
from safety_service.cli import app
from safety_service.domain.decoding import DECODERS

PAGES = [
    page
    for page in sorted((Path(__file__).parents[2] / "docs" / "devices").glob("*.md"))
    if page.stem != "README"
]
DECODED = re.compile(r"^echo ('[^']*') \|\s+campus-safety (decode (?:[^\\\n]|\\\n)*)$", re.MULTILINE)
SIMULATED = re.compile(r"^device-simulator run .*$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_payload_on_a_page_is_decoded(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    pipelines = DECODED.findall(text)
    assert pipelines or SIMULATED.search(text), "a page has one command to try it without the device"
    for payload, command in pipelines:
        arguments = shlex.split(command.replace("\\\n", " "))
        done = CliRunner().invoke(app, arguments, input=shlex.split(payload)[0] + "\n")
        assert done.exit_code == 0, done.output
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert events
        assert all(event["kind"] != "other" and not event["clock_suspect"] for event in events)
        assert {event["format"] for event in events} <= set(DECODERS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_scenario_and_format_on_a_page_exist(page: Path) -> None:
    for line in SIMULATED.findall(page.read_text(encoding="utf-8")):
        options = dict(zip(words := shlex.split(line), words[1:], strict=False))
        assert options["--scenario"] in SCENARIOS
        assert options.get("--format", "native") in FORMATS
