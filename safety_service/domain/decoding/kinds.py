"""The vocabulary of event kinds; a code outside it becomes `other` and is never refused for it."""

GROUPS: dict[str, str] = {
    "people": "person intrusion line_crossing loitering climbing crowd people_count fight fall stranger "
    "face_recognized presence",
    "vehicles": "vehicle plate_recognized illegal_parking",
    "objects": "left_object removed_object",
    "camera": "motion tamper video_loss blur",
    "fire and utilities": "fire smoke gas_leak water_leak power_loss flame_unattended",
    "alarms": "panic_button alarm_input door_open door_forced vibration occupancy button",
    "measurements": "temperature humidity illuminance co2 pm25 tvoc noise battery voltage power",
    "kitchen": "no_chef_hat no_mask no_gloves no_uniform smoking phone_use rodent cockroach bin_uncovered "
    "standing_water off_post",
    "exams": "radio_signal paper_room_entry recording_gap",
    "device": "device_online device_offline device_announce config_changed disk_full disk_error overheating "
    "heartbeat",
    "service": "inspection_submitted inspection_graded duty_overdue sequence_gap noisy_device",
    "unknown": "other",
}

KINDS = frozenset(kind for words in GROUPS.values() for kind in words.split())
MEASUREMENTS = frozenset({*GROUPS["measurements"].split(), "people_count"})
SERVICE_KINDS = frozenset({"inspection_graded", "duty_overdue", "sequence_gap", "noisy_device"})
"""Only the service itself says these; a device that does is forging a grade or a duty."""
