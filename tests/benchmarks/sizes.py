"""How long each figure is measured: the full form for the record, the short form for CI."""

import msgspec


class Sizes(msgspec.Struct, frozen=True):
    """Counts of messages, rates a second, durations in seconds unless the name says otherwise."""

    name: str
    schools: int = 250
    devices: int = 2500
    receive_messages: int = 400_000
    process_rate: int = 20_000
    process_seconds: float = 300
    ramp_rates: tuple[int, ...] = (
        2_000,
        5_000,
        10_000,
        15_000,
        20_000,
        25_000,
        30_000,
        35_000,
        40_000,
        45_000,
    )
    ramp_seconds: float = 20
    catch_up_messages: int = 1_000_000
    background_rate: int = 2_000
    latency_seconds: float = 600
    stored_events: int = 20_000_000
    grown_seconds: float = 60
    overview_requests: int = 200
    soak_minutes: float = 60
    disk_messages: int = 500_000
    starts: int = 5
    advance_messages: int = 100_000
    backtest_events: int = 1_000_000
    judged_events: int = 200_000
    judged_rounds: int = 3
    decoded_messages: int = 20_000
    firing_alerts: int = 10_000
    desk_requests: int = 300
    storm_alerts: int = 5_000
    past_inspections: int = 100_000
    cafeteria_requests: int = 200


FULL = Sizes("full")
SHORT = Sizes(
    "short",
    receive_messages=3_000,
    process_rate=2_000,
    process_seconds=3,
    ramp_rates=(1_000, 2_000),
    ramp_seconds=1.5,
    catch_up_messages=3_000,
    background_rate=300,
    latency_seconds=3,
    stored_events=5_000,
    grown_seconds=2,
    overview_requests=10,
    soak_minutes=0.05,
    disk_messages=2_000,
    starts=1,
    advance_messages=4_000,
    backtest_events=5_000,
    judged_events=2_000,
    judged_rounds=1,
    decoded_messages=200,
    firing_alerts=200,
    desk_requests=10,
    storm_alerts=200,
    past_inspections=1_000,
    cafeteria_requests=3,
)
