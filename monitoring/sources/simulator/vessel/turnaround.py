"""The hours between two batches: harvest, cleaning, an empty vessel, fresh medium."""

import numpy as np

from monitoring.sources.simulator.vessel.batch_block import BLOCK_S, FloatArray, as_measured
from monitoring.sources.simulator.vessel.channels import CHANNELS, NAMES, PREFIX
from monitoring.sources.simulator.vessel.controllers import AIR_L_MIN
from monitoring.sources.simulator.vessel.parameters import HOUR_S, BatchParameters, batch_rng
from monitoring.sources.simulator.vessel.probes import DENSITY, GAUGE_BAR, TARE_KG
from monitoring.sources.simulator.vessel.state import AIR_CO2, AIR_O2, IDLE_RPM, SETPOINT_C, VesselState

BATCH_S, TURNAROUND_S = 20 * HOUR_S, 4 * HOUR_S
PREPARED_S = HOUR_S // 2  # before inoculation: medium filled, warm and aerated
ROOM_C, HEATING_C = 22.0, 50.0
# Seconds after the end of the batch.
DRAINED, RINSED, COLD, FILLED, WARM = 900, 1200, 4500, TURNAROUND_S - 3600, TURNAROUND_S - PREPARED_S
JUST_BEFORE_FILLED = FILLED - 600

Course = list[tuple[float, float]]  # seconds after the end, value; straight lines between


def courses(last: VesselState, following: BatchParameters) -> dict[str, Course]:
    """Return the course of each channel between the batch that ended in ``last`` and the following one."""
    weight = last.volume * DENSITY + TARE_KG
    ready = following.volume * DENSITY + TARE_KG

    def running(value: float) -> Course:
        return [(0, value), (DRAINED, value), (DRAINED + 1, 0), (FILLED, 0), (FILLED + 1, value)]

    def reset(total: float) -> Course:
        return [(0, total), (JUST_BEFORE_FILLED - 1, total), (JUST_BEFORE_FILLED, 0)]

    cold = [(COLD, ROOM_C), (FILLED, ROOM_C)]
    heating = [(FILLED + 600, HEATING_C), (WARM, SETPOINT_C)]
    return {
        "temp": [(0, last.probe_temperature), (DRAINED, 34), *cold, (WARM, SETPOINT_C)],
        "ph": [(0, last.probe_ph), (DRAINED, last.probe_ph), (RINSED, 7.0)],
        "do": [(0, last.probe_oxygen), (DRAINED, 95), (RINSED, 100)],
        "rpm": running(IDLE_RPM),
        "air": running(AIR_L_MIN),
        "press": running(GAUGE_BAR),
        "o2": [(0, last.probe_gas_o2), (RINSED, 100 * AIR_O2)],
        "co2": [(0, last.probe_gas_co2), (RINSED, 100 * AIR_CO2)],
        "feed": [(0, 0)],
        "base": reset(last.base_total),
        "weight": [(0, weight), (DRAINED, TARE_KG), (JUST_BEFORE_FILLED, TARE_KG), (FILLED, ready)],
        "jacket": [(0, last.jacket), *cold, *heating],
        "antifoam": reset(last.antifoam_total),
        "rpm_sp": running(IDLE_RPM),
        "jacket_sp": [
            (0, ROOM_C),
            *cold,
            (FILLED + 1, HEATING_C),
            (FILLED + 600, HEATING_C),
            (WARM, SETPOINT_C),
        ],
        "feed_sp": [(0, 0)],
    }


def simulate_turnaround_block(
    last: VesselState, following: BatchParameters, *, seed: int, number: int, block: int
) -> FloatArray:
    """Return the readings of a block after batch ``number``; blocks count from the batch's inoculation."""
    elapsed = np.arange(block * BLOCK_S, (block + 1) * BLOCK_S) - BATCH_S
    course_of = courses(last, following)
    columns = []
    for name in NAMES:
        times, values = zip(*course_of[name.removeprefix(PREFIX)], strict=True)
        columns.append(np.interp(elapsed, np.array(times, float), np.array(values, float)))
    noise = batch_rng(seed, number, block).standard_normal((BLOCK_S, len(CHANNELS)))
    return as_measured(np.stack(columns, axis=1), noise)
