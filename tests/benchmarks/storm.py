"""Five thousand alerts in a second, nearly all at one school: recorded whole, and told of fairly."""

import time

import msgspec

from device_simulator.county import build_county
from tests.benchmarks.buttons import buttons
from tests.benchmarks.listening import Stream
from tests.benchmarks.scene import Bench, Scene
from tests.benchmarks.table import Row, at_most, told
from tests.e2e.service_process import until
from tests.receivers import Receiver, receiver

RECORDED_SECONDS = 2.0
SECRET = "whsec_" + "c3Rvcm0tb2YtYWxlcnRzLWF0LW9uZS1zY2hvb2w="
FAIR_SHARE = 0.1
"""The calm school's message comes before this share of the stormy one's."""


def measure(bench: Bench) -> list[Row]:
    count = bench.sizes.storm_alerts
    stormy, calm = [school.code for school in build_county(bench.sizes.schools, 1).schools][:2]
    local = {"CAMPUS_WEBHOOK_PRIVATE_TARGETS": "true"}
    with (
        bench.scene(more=local) as scene,
        receiver() as hook,
        scene.api() as api,
        scene.api() as listening,
        buttons(scene.broker_url) as gateway,
    ):
        body = {"kind": "webhook", "config": {"url": hook.url, "secret": SECRET}}
        api.put("/channels/storm", json=body).raise_for_status()
        stream = Stream(listening, "raised", lambda alert: alert["device"])
        bench.say(f"{count:,} presses")
        began = time.monotonic()
        gateway.press_all([(stormy, f"storm-{n}") for n in range(count - 1)] + [(calm, "calm")])
        pressed = time.monotonic()
        recorded = _recorded(scene, count)
        until(lambda: len(stream.at) == count, "the stream tells of every alert", 120)
        bench.say("waiting for the calm school's message")
        place = _place_of(hook, calm)
    return [
        told("storm: pressed within", pressed - began, "s"),
        at_most("storm: recorded after the last press", max(1e-6, recorded - pressed), "s", RECORDED_SECONDS),
        told("storm: in the stream after the last press", max(1e-6, max(stream.at.values()) - pressed), "s"),
        at_most(
            "storm: messages before the calm school's",
            place,
            "messages",
            count,
            share=FAIR_SHARE,
            limit_from="storm",
        ),
    ]


def _recorded(scene: Scene, count: int) -> float:
    scene.until_processed(count, 120)
    return time.monotonic()


def _place_of(hook: Receiver, school: str) -> int:
    """How many messages the receiver had got before the first one about the school."""

    def place() -> int | None:
        for number, got in enumerate(list(hook.got)):
            if msgspec.json.decode(got.body)["data"].get("school") == school:
                return number
        return None

    until(lambda: place() is not None, "the calm school's message comes", 300)
    found = place()
    assert found is not None
    return found
