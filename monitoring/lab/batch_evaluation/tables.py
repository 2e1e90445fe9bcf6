"""Results of an evaluation of batches, as lines of text in columns."""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np

from monitoring.lab.batch_evaluation.trials import FOUND_WITHIN_MINUTES, BatchOutcome
from monitoring.lab.evaluation.tables import NOTHING, percent, table
from monitoring.sources.simulator.vessel.faults import VesselFaultKind

ALL, FALSE_ALARMS = "all faults", "false alarms a batch"


def batch_table(outcomes: Iterable[BatchOutcome]) -> list[str]:
    """Return a line a fault: share found and median delay in minutes, for each number of golden batches.

    Faults that are not found count with 4 h. The last line has the false alarms a batch.
    """
    by_size: dict[int, list[BatchOutcome]] = {}
    for outcome in outcomes:
        by_size.setdefault(outcome.golden, []).append(outcome)
    every = list(by_size.values())
    kinds = list(every[0][0].delays)
    sizes = chain.from_iterable((f"golden {size}", "median min") for size in by_size)
    rows = [(kind.replace("_", " "), *cells(every, [kind])) for kind in kinds]
    rows += [(ALL, *cells(every, kinds)), (FALSE_ALARMS, *false_alarm_cells(every))]
    return table(("fault", *sizes), rows)


def cells(every: Sequence[Sequence[BatchOutcome]], kinds: Sequence[VesselFaultKind]) -> list[str]:
    """Return share found and median delay of some faults, for each number of golden batches."""
    found = []
    for outcomes in every:
        delays = [outcome.delays[kind] for outcome in outcomes for kind in kinds]
        found += [percent([each is not None for each in delays]), median_minutes(delays)]
    return found


def median_minutes(delays: Sequence[float | None]) -> str:
    """Return the median delay in minutes; faults that were not found count with 4 h."""
    if not delays:
        return NOTHING
    minutes = [FOUND_WITHIN_MINUTES if each is None else each / 60 for each in delays]
    return f"{np.median(minutes):.1f}"


def false_alarm_cells(every: Sequence[Sequence[BatchOutcome]]) -> list[str]:
    """Return the mean number of false alarms a batch, for each number of golden batches."""
    means = (np.mean([outcome.false_alarms for outcome in outcomes]) for outcomes in every)
    return list(chain.from_iterable((f"{mean:.2f}", NOTHING) for mean in means))
