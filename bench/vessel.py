"""The demo vessel: cost of a simulated second, and of the first reading late in a batch."""

import time
from pathlib import Path

from bench.report import Row
from monitoring.sources.simulator.vessel.cycle import VesselMemory
from monitoring.sources.simulator.vessel.turnaround import BATCH_S

GOAL_US = 50
BATCHES = range(20_000, 20_003)


def measure(directory: Path) -> list[Row]:
    """Return the table's rows about the demo vessel; ``directory`` is not used."""
    del directory
    costs = [cost_of(number) for number in BATCHES]
    return [
        Row("a simulated second of 16 tags", f"{min(costs) / BATCH_S * 1e6:.1f} µs", f"goal {GOAL_US} µs"),
        Row("first reading at the end of a batch, without memory", f"{min(costs):.2f} s"),
    ]


def cost_of(number: int) -> float:
    """Return the processor time of a whole batch, in seconds."""
    begin = time.process_time()
    VesselMemory().state_before((1, number, BATCH_S // 600))
    return time.process_time() - begin
