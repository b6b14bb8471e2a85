"""Harm to the service's own processes: killed, frozen, set to another time."""

import signal
from contextlib import suppress

import psutil

from tests.e2e.service_process import Service, until
from tests.faults import clock
from tests.faults.scene import Scene
from tests.faults.verdict import fence

TAKEOVER_SECONDS = 30.0
"""By then a standby must have taken over from a holder that does nothing."""
STEP_SECONDS = 3_600


def kill_service(scene: Scene) -> None:
    """SIGKILL of everything; half of the time the next one may come while it still starts."""
    _restart(scene, scene.services[0])


def kill_api(scene: Scene) -> None:
    _restart(scene, scene.serving("api")[0])


def kill_pipeline(scene: Scene) -> None:
    _restart(scene, scene.serving("pipeline")[0])


def kill_receiver(scene: Scene) -> None:
    """SIGKILL of the child that receives, and of nothing else."""
    for process in scene.services[0].processes()[1:]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def kill_one_of_four(scene: Scene) -> None:
    """Any of two pipelines and two API processes on one database."""
    _restart(scene, scene.chance.choice(scene.services))


def freeze_holder(scene: Scene) -> None:
    """SIGSTOP of the pipeline at work until another has taken over; then it goes on, and must not write."""
    holder = _leader(scene)
    before = fence(scene.engine)
    holder.signal_all(signal.SIGSTOP)
    try:
        until(lambda: fence(scene.engine) > before, "a standby takes over", TAKEOVER_SECONDS)
        scene.pause(scene.chance.uniform(0.2, 1.5))
    except AssertionError:
        scene.wrong.append(f"no standby took over within {TAKEOVER_SECONDS:g} s")
    finally:
        holder.signal_all(signal.SIGCONT)


def step_clock(scene: Scene) -> None:
    """An hour ahead or back for a while, then true again; the first goes back."""
    ahead = scene.harms % 2 == 1
    clock.shift(scene.home, STEP_SECONDS if ahead else -STEP_SECONDS)
    scene.pause(scene.chance.uniform(2.0, 3.0))
    clock.shift(scene.home, 0)
    scene.pause(1.2)


def _restart(scene: Scene, service: Service) -> None:
    scene.kill(service)
    service.start()
    if scene.chance.random() < 0.5:
        # At the end everybody waits for the whole service, so a failure here is seen there.
        with suppress(AssertionError):
            scene.wait_until_ready()


def _leader(scene: Scene) -> Service:
    found: list[Service | None] = [None]

    def look() -> bool:
        found[0] = scene.leader()
        return found[0] is not None

    until(look, "a pipeline is at work")
    assert found[0] is not None
    return found[0]
