"""Ten thousand alerts fire at once: how long list, acknowledgement and its way to the stream take then."""

import threading
import time
from random import Random

import httpx

from device_simulator.county import build_county
from tests.benchmarks.buttons import buttons
from tests.benchmarks.listening import Stream
from tests.benchmarks.readings import quantile
from tests.benchmarks.scene import Bench, Scene
from tests.benchmarks.table import Row, at_most, told
from tests.e2e.service_process import until

P99_SECONDS = 0.05
LISTS = (
    "open=true&limit=50",
    "open=true&severity=critical&limit=100",
    "condition=firing&rule=panic-button&limit=50",
)
PAUSE_SECONDS = 0.02


def measure(bench: Bench) -> list[Row]:
    sizes = bench.sizes
    with bench.scene() as scene:
        bench.say(f"{sizes.firing_alerts:,} alerts begin to fire")
        schools = [school.code for school in build_county(sizes.schools, 1).schools]
        with buttons(scene.broker_url) as gateway:
            gateway.press_all((schools[n % len(schools)], f"crowd-{n}") for n in range(sizes.firing_alerts))
        scene.until_processed(sizes.firing_alerts)
        bench.say("reading the list, acknowledging")
        listed, acknowledged, streamed = _worked_off(scene, sizes.desk_requests)
    return [
        told("crowd: alerts firing", sizes.firing_alerts, ""),
        at_most("crowd: list p99", quantile(listed, 0.99), "s", P99_SECONDS),
        at_most("crowd: acknowledge p99", quantile(acknowledged, 0.99), "s", P99_SECONDS),
        at_most("crowd: acknowledged to stream p99", quantile(streamed, 0.99), "s", P99_SECONDS),
    ]


def _worked_off(scene: Scene, requests: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of each list, of each acknowledgement, and from its start until the stream tells of it."""
    listed: list[float] = []
    acknowledged: list[float] = []
    began: dict[int, float] = {}
    random = Random(1)
    with scene.api() as api, scene.api() as listening:
        heard = Stream(listening, "acknowledged", lambda alert: alert["id"])
        last = api.get("/alerts", params={"limit": 1}).json()["items"][0]["id"]
        chosen = random.sample(range(last - min(last, 5 * requests) + 1, last + 1), requests)
        for number, alert in enumerate(chosen):
            listed.append(_seconds(api, "GET", f"/alerts?{LISTS[number % len(LISTS)]}"))
            began[alert] = time.monotonic()
            acknowledged.append(_seconds(api, "POST", f"/alerts/{alert}/acknowledge"))
            # Somebody reads what the list says; the service has other things to do meanwhile.
            threading.Event().wait(PAUSE_SECONDS)
        until(lambda: began.keys() <= heard.at.keys(), "the stream tells of every acknowledgement", 60)
    return listed, acknowledged, [heard.at[alert] - at for alert, at in began.items()]


def _seconds(api: httpx.Client, method: str, path: str) -> float:
    began = time.perf_counter()
    answer = api.request(method, path)
    took = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    return took
