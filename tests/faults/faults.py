"""The faults, by name. Adding one is a function and an entry."""

from tests.faults import outside_harms as outside
from tests.faults import process_harms as inside
from tests.faults.plan import APART, TWO_OF_EACH, Fault

_PRODUCTION = ("postgresql",)

FAULTS: dict[str, Fault] = {
    "kill_service": Fault(harm=inside.kill_service, lasts=3.0, short=2),
    "kill_api": Fault(harm=inside.kill_api, serves=APART, lasts=3.0),
    "kill_pipeline": Fault(harm=inside.kill_pipeline, serves=APART, lasts=3.0),
    "kill_receiver": Fault(harm=inside.kill_receiver, short=2),
    "kill_database": Fault(harm=outside.kill_database, pairs=_PRODUCTION, lasts=3.0, short=2),
    "kill_broker": Fault(harm=outside.kill_broker, spool=True, lasts=3.0),
    "cut_broker": Fault(harm=outside.cut("broker"), proxied=("broker",), short=2),
    "cut_database": Fault(harm=outside.cut("database"), pairs=_PRODUCTION, proxied=("database",), short=2),
    "black_hole_broker": Fault(harm=outside.black_hole("broker"), proxied=("broker",), lasts=12.0),
    "black_hole_database": Fault(
        harm=outside.black_hole("database"), pairs=_PRODUCTION, proxied=("database",), lasts=4.0
    ),
    "slow_database": Fault(harm=outside.slow_database, proxied=("database",), lasts=11.0),
    "database_away": Fault(harm=outside.database_away, lasts=18.0),
    "disk_full": Fault(harm=outside.fill_disk, small_disk=True, lasts=3.0),
    "twin_client": Fault(harm=outside.twin_client, lasts=4.0),
    "thieving_twin": Fault(harm=outside.thieving_twin, spool=True, lasts=4.0),
    "two_pipelines": Fault(
        harm=inside.kill_one_of_four, pairs=_PRODUCTION, serves=TWO_OF_EACH, lasts=4.0, short=2
    ),
    "frozen_pipeline": Fault(
        harm=inside.freeze_holder, pairs=_PRODUCTION, serves=("api", "pipeline", "pipeline"), lasts=15.0
    ),
    "clock_step": Fault(harm=inside.step_clock, false_clock=True, lasts=4.0),
}
