"""Each of some good batches watched by a model of the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.watch.model import fit_watch
from monitoring.batches.watch.score import Deviation
from monitoring.batches.watch.watching import WatchResult, watch
from monitoring.lab.batch_evaluation.csv_batches import CsvBatch
from monitoring.lab.evaluation.evaluating import EvaluationError
from monitoring.lab.evaluation.tables import NOTHING, table

CHANNELS = 3


@dataclass(frozen=True)
class LeftOut:
    """A batch, watched by a model of ``members`` others."""

    name: str
    members: int
    result: WatchResult


def watch_each(batches: Sequence[CsvBatch]) -> list[LeftOut]:
    """Return the result of each batch.

    Raises:
        EvaluationError: there are fewer than two batches, or they have too few values.
    """
    if len(batches) < 2:
        raise EvaluationError("Expected two batches or more: each is compared with the others.")
    try:
        return [watch_one(batches, place) for place in range(len(batches))]
    except ValueError as error:
        raise EvaluationError(f"The batches can't be compared: {error}.") from error


def watch_one(batches: Sequence[CsvBatch], place: int) -> LeftOut:
    """Return the result of one batch."""
    others = [each.minutes for each in [*batches[:place], *batches[place + 1 :]]]
    result = watch(fit_watch(others), batches[place].minutes)
    return LeftOut(batches[place].name, len(others), result)


def left_out_table(found: Sequence[LeftOut]) -> list[str]:
    """Return a line a batch: golden batches, watched hours, largest score and number of deviations."""
    rows = [
        (
            each.name,
            str(each.members),
            f"{np.isfinite(each.result.score).sum() / 60:.1f}",
            f"{np.nan_to_num(each.result.score).max():.2f}",
            str(len(each.result.deviations)),
        )
        for each in found
    ]
    return table(("batch", "golden", "hours", "score", "deviations"), rows)


def deviation_table(found: Sequence[LeftOut]) -> list[str]:
    """Return a line a deviation: begin and end in hours since the first row, score and first channels."""
    rows = [
        (each.name, *deviation_cells(each.result, deviation))
        for each in found
        for deviation in each.result.deviations
    ]
    return table(("batch", "from h", "to h", "score", "channels"), rows)


def deviation_cells(result: WatchResult, deviation: Deviation) -> tuple[str, str, str, str]:
    """Return begin, end, score and the first channels of a deviation."""
    hour = result.hour
    end = NOTHING if deviation.end is None else f"{hour[min(deviation.end, len(hour) - 1)]:.2f}"
    channels = ", ".join(each.channel for each in deviation.contributions[:CHANNELS])
    return f"{hour[deviation.start]:.2f}", end, f"{deviation.score:.2f}", channels or NOTHING
