"""The `device-simulator` command: one clear line for an error; exit 0 done, 1 failed, 2 wrong usage."""

import contextlib
import os
import re
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from device_simulator.broker_url import parse_broker_url
from device_simulator.county import TIMEZONE, build_county
from device_simulator.errors import SimulatorError, WrongUsageError
from device_simulator.load import Figures, Load, LoadOrder
from device_simulator.load_events import LOAD_FORMATS, LoadEvents
from device_simulator.model import County, School
from device_simulator.registry_csv import write_registry
from device_simulator.resending import SILENCE_SECONDS
from device_simulator.rest import InspectionDesk
from device_simulator.runner import Outcome, Run, run, run_name
from device_simulator.scenarios import SCENARIOS
from device_simulator.scenarios.setting import Scenario, Setting
from device_simulator.speaking import speaking

app = typer.Typer(
    help="Stands in for the devices of a county's schools: MQTT and HTTP, as real devices speak them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Schools = Annotated[int, typer.Option(min=1, max=999, help="how many schools the county has")]
Seed = Annotated[int, typer.Option(help="the same seed gives the same county and the same events")]
BrokerOption = Annotated[str, typer.Option(help="mqtt://[user:password@]host[:port] or mqtts://...")]

Speaking = Annotated[
    str | None,
    typer.Option("--format", help="wire format of all devices that can speak it: onvif, zigbee2mqtt …"),
]
Spooled = Annotated[Path | None, typer.Option(help="keep messages here until a receipt covers them")]
ResendAfter = Annotated[
    float, typer.Option(min=0.1, help="with --spool: send again after so many seconds without a receipt")
]


def main() -> None:
    """Run the command line; ends the process with the contract's exit code."""
    try:
        app()
    except SimulatorError as error:
        typer.echo(f"device-simulator: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        typer.echo(f"device-simulator: {error.filename or 'failed'}: {error.strerror or error}", err=True)
        sys.exit(1)


@app.command("scenarios")
def list_scenarios() -> None:
    """List the scenarios, a sentence each."""
    width = max(map(len, SCENARIOS))
    for name, scenario in SCENARIOS.items():
        typer.echo(f"{name:{width}}  {scenario.sentence}")


@app.command("county")
def export_county(
    out: Annotated[Path, typer.Option(help="directory for schools.csv and devices.csv")],
    schools: Schools = 24,
    seed: Seed = 1,
    speak: Speaking = None,
) -> None:
    """Write the county's schools and devices as CSV files for the service to import."""
    county = speaking(build_county(schools, seed), speak)
    for path in write_registry(county, out):
        typer.echo(path)


@app.command("run")
def run_scenario(
    scenario: Annotated[str, typer.Option(help="which one; see `scenarios`")],
    broker: BrokerOption,
    schools: Schools = 24,
    seed: Seed = 1,
    speed: Annotated[
        float, typer.Option(min=0.01, max=10_000, help="virtual seconds for each real one")
    ] = 1.0,
    spool: Spooled = None,
    duration: Annotated[float | None, typer.Option(min=0, help="end after so many real seconds")] = None,
    school: Annotated[str | None, typer.Option(help="play in this school only, by its code")] = None,
    start: Annotated[
        str | None, typer.Option(help="virtual time of day HH:MM; default: now in Asia/Shanghai")
    ] = None,
    http: Annotated[str | None, typer.Option(help="service address; inspections go there over HTTP")] = None,
    api_key: Annotated[str | None, typer.Option(envvar="CAMPUS_API_KEY", help="for --http")] = None,
    connections: Annotated[int, typer.Option(min=1, max=1000, help="share at most so many connections")] = 32,
    resend_after: ResendAfter = SILENCE_SECONDS,
    until_covered: Annotated[
        float, typer.Option(min=0, help="wait so many seconds at the end until receipts cover everything")
    ] = 0.0,
    until_eof: Annotated[bool, typer.Option(help="end when standard input closes: with its parent")] = False,
    speak: Speaking = None,
) -> None:
    """Play a scenario onto a broker until it ends or Ctrl-C."""
    county = speaking(build_county(schools, seed), speak)
    order = Run(
        scenario=_scenario(scenario),
        setting=Setting(county, speed, _start_second(start), _school(county, school)),
        broker=parse_broker_url(broker),
        spool_directory=spool,
        duration_seconds=duration,
        connection_limit=connections,
        resend_after_seconds=resend_after,
        until_covered_seconds=until_covered,
    )
    typer.echo(f"{scenario}: {schools} schools, seed {seed}, speed {speed:g}, to {order.broker}", err=True)
    _play(order, InspectionDesk(http, api_key) if http else None, until_eof)


def _play(order: Run, desk: InspectionDesk | None, until_eof: bool) -> None:
    stop = _stop_on_signals()
    if until_eof:
        threading.Thread(target=_stop_at_eof, args=[stop], daemon=True).start()
    outcome = run(order, stop, lambda line: typer.echo(line, err=True), desk)
    _report(outcome)
    left_over = order.until_covered_seconds and outcome.messages.uncovered
    if outcome.inspections_refused or left_over:
        raise typer.Exit(1)


@app.command("load")
def load(
    broker: BrokerOption,
    messages: Annotated[int, typer.Option(min=1, help="how many events to publish")],
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="at most so many a second; default: full speed")
    ] = None,
    devices: Annotated[int, typer.Option(min=1, max=99_999, help="how many devices they come from")] = 200,
    schools: Schools = 24,
    seed: Seed = 1,
    run_id: Annotated[
        str | None, typer.Option("--run", help="name in the ids load-RUN-NUMBER; default: new")
    ] = None,
    acked_file: Annotated[
        Path | None, typer.Option(help="write each acknowledged id here, one a line")
    ] = None,
    connections: Annotated[int, typer.Option(min=1, max=64)] = 1,
    window: Annotated[int, typer.Option(min=64, max=16_384, help="unacknowledged messages at once")] = 4_000,
    patience: Annotated[
        float, typer.Option(min=0, help="seconds to wait for a broker that went away")
    ] = 60.0,
    topic_format: Annotated[str, typer.Option(help="wire format")] = "native",
    spool: Spooled = None,
    resend_after: ResendAfter = SILENCE_SECONDS,
) -> None:
    """Publish many events and print what was sent, acknowledged, and how many a second.

    With --spool it ends when receipts cover everything; killed before, it goes on with the same --run.
    """
    address = parse_broker_url(broker)
    order = LoadOrder(address, messages, rate, connections, window, patience, spool, resend_after)
    if topic_format not in LOAD_FORMATS:
        raise WrongUsageError(
            f"a load cannot be written in {topic_format!r}; there is {', '.join(LOAD_FORMATS)}"
        )
    name = run_id or run_name(datetime.now(ZoneInfo(TIMEZONE)))
    if not re.fullmatch(r"[^\s/+#]+", name):
        raise WrongUsageError(f"--run becomes part of a topic: no spaces, no /, + or #, but it is {name!r}")
    figures = _load(order, LOAD_FORMATS[topic_format](build_county(schools, seed), name, devices), acked_file)
    if (figures.covered if spool else figures.acknowledged) < messages:
        raise typer.Exit(1)


def _load(order: LoadOrder, events: LoadEvents, acked_file: Path | None) -> Figures:
    """Run the load behind a progress bar; the figures are printed also when the broker is lost on the way."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(acked_file.open("w", encoding="utf-8")) if acked_file else None
        bar = stack.enter_context(_progress_bar())
        spooled = order.spool_directory is not None
        task = bar.add_task(f"load-{events.run}", total=order.messages)
        loading = Load(order, events, file)
        try:
            return loading.run(
                _stop_on_signals(),
                lambda figures: bar.update(
                    task, completed=figures.covered if spooled else figures.acknowledged
                ),
            )
        finally:
            bar.stop()
            if loading.figures.sent or loading.figures.covered:
                _report_load(loading.figures, spooled)


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _report_load(figures: Figures, spooled: bool) -> None:
    again = f", resent {figures.resent}" if figures.resent or spooled else ""
    again += f", covered {figures.covered}" if spooled else ""
    typer.echo(
        f"sent {figures.sent}, acknowledged {figures.acknowledged}{again}, "
        f"{figures.per_second:.0f} per second, {figures.seconds:.2f} seconds"
    )


def _scenario(name: str) -> Scenario:
    if name not in SCENARIOS:
        raise WrongUsageError(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    return SCENARIOS[name]


def _school(county: County, code: str | None) -> School | None:
    if code is None:
        return None
    school = county.school(code)
    if school is None:
        raise WrongUsageError(
            f"no school {code!r}; this county has {county.schools[0].code} to {county.schools[-1].code}"
        )
    return school


def _start_second(text: str | None) -> float:
    if text is None:
        now = datetime.now(ZoneInfo(TIMEZONE))
        return now.hour * 3600.0 + now.minute * 60 + now.second
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if match is None:
        raise WrongUsageError(f"--start must be a time of day like 07:30, not {text!r}")
    return int(match[1]) * 3600.0 + int(match[2]) * 60


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _stop_at_eof(stop: threading.Event) -> None:
    # not sys.stdin: a thread waiting inside its buffer would abort the interpreter's own end
    while os.read(0, 4096):
        pass
    stop.set()


def _report(outcome: Outcome) -> None:
    tally = outcome.messages
    line = f"sent {tally.sent}, acknowledged {tally.acknowledged}, dropped {tally.dropped}"
    if tally.uncovered:
        line += f", waiting for a receipt {tally.uncovered}"
    if outcome.inspections_accepted or outcome.inspections_refused:
        line += (
            f", inspections accepted {outcome.inspections_accepted}, refused {outcome.inspections_refused}"
        )
    typer.echo(line)
