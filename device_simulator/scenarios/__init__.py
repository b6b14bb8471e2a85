"""The stories the simulator can tell: one file each, one line here."""

from device_simulator.scenarios.camera_storm import CAMERA_STORM
from device_simulator.scenarios.canteen_inspection import CANTEEN_INSPECTION
from device_simulator.scenarios.cold_store_failure import COLD_STORE_FAILURE
from device_simulator.scenarios.fire_in_dormitory import FIRE_IN_DORMITORY
from device_simulator.scenarios.intruder_at_night import INTRUDER_AT_NIGHT
from device_simulator.scenarios.school_day import SCHOOL_DAY
from device_simulator.scenarios.setting import Scenario

SCENARIOS: dict[str, Scenario] = {
    "school_day": SCHOOL_DAY,
    "fire_in_dormitory": FIRE_IN_DORMITORY,
    "intruder_at_night": INTRUDER_AT_NIGHT,
    "cold_store_failure": COLD_STORE_FAILURE,
    "camera_storm": CAMERA_STORM,
    "canteen_inspection": CANTEEN_INSPECTION,
}
