"""Watch compared with other methods on the same batches, by the same rule for the threshold.

The threshold of each method is the lowest with at most 0.5 false alarms a batch on good batches that are not
counted afterwards.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.families import FOREST
from monitoring.batches.watch.limits import WARM_UP
from monitoring.batches.watch.model import fit_watch
from monitoring.batches.watch.score import deviation_spans
from monitoring.batches.watch.watching import watch
from monitoring.kernel.arrays import FloatArray
from monitoring.lab.batch_evaluation.lstm import fit_lstm
from monitoring.lab.batch_evaluation.tables import median_minutes
from monitoring.lab.batch_evaluation.trials import FaultyBatches, delay_of, within
from monitoring.lab.evaluation.tables import percent, table

ALLOWED = 0.5  # false alarms a batch
CANDIDATES = 200

Score = Callable[[BatchMinutes], FloatArray]


@dataclass(frozen=True, slots=True)
class MethodOutcome:
    """The result of a method: false alarms a batch, and delays in s (None: not found within 4 h)."""

    method: str
    false_alarms: float
    delays: Sequence[float | None]


def watch_score(golden: Sequence[BatchMinutes]) -> Score:
    """Return the score of Watch."""
    model = fit_watch(golden)
    return lambda batch: watch(model, batch).score


def forest_score(golden: Sequence[BatchMinutes]) -> Score:
    """Return the ratio of an isolation forest alone, on deviations from the golden course."""
    model = fit_watch(golden, with_forest=True)
    return lambda batch: watch(model, batch).families[FOREST]


WATCH = "watch"
METHODS: Mapping[str, Callable[[Sequence[BatchMinutes]], Score]] = {
    WATCH: watch_score,
    "forest": forest_score,
    "lstm": fit_lstm,
}


def compared(
    method: str,
    score: Score,
    tuning: Iterable[BatchMinutes],
    trials: Iterable[FaultyBatches],
) -> MethodOutcome:
    """Return the result of a method at its threshold."""
    threshold = lowest_threshold([score(batch) for batch in tuning])
    false_alarms, delays = [], []
    for trial in trials:
        good = score(trial.good) / threshold
        spans = list(deviation_spans(good, WARM_UP))
        is_false = within(spans, len(good))
        false_alarms.append(len(spans))
        delays += [delay_of(score(batch) / threshold, is_false, onset) for onset, batch in trial.faulty]
    return MethodOutcome(method, float(np.mean(false_alarms)), delays)


def lowest_threshold(scores: Sequence[FloatArray]) -> float:
    """Return the threshold above which good batches have at most 0.5 false alarms each."""
    largest = max(float(np.nanmax(score)) for score in scores)
    lowest = float(np.nanmedian(np.concatenate(scores))) or largest / CANDIDATES
    found = largest
    for threshold in np.geomspace(largest, min(lowest, largest), CANDIDATES):
        alarms = [len(list(deviation_spans(score / threshold, WARM_UP))) for score in scores]
        if np.mean(alarms) > ALLOWED:
            break
        found = float(threshold)
    return found


def comparison_table(outcomes: Iterable[MethodOutcome]) -> list[str]:
    """Return a line a method."""
    rows = [
        (
            each.method,
            percent([delay is not None for delay in each.delays]),
            median_minutes(each.delays),
            f"{each.false_alarms:.2f}",
        )
        for each in outcomes
    ]
    return table(("method", "found", "median min", "false alarms a batch"), rows)
