"""Statistics of Watch on the Tennessee Eastman process: a guard by data that are not of our simulator.

Files of Russell, Chiang and Braatz (2000): ``d00.dat`` and ``d00_te.dat`` without a fault, ``d01_te.dat`` to
``d21_te.dat`` with a fault from the 161st of 960 observations on, each of 52 variables. The process is
continuous, so that deviations are from its mean, not from a golden course. Statistics:

- errors of one-step predictions (family I), all in one distance, and the same of their exponential mean;
- T² of the exponential mean of z (family E);
- the largest change of the local variance of the errors of a variable.

The limit holds 99 % of the observations of the run without a fault, as in Russell et al.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitoring.batches.watch.changes import exponential_mean
from monitoring.batches.watch.families import MEAN_MINUTES
from monitoring.batches.watch.prediction import Predictor, PredictorFitting
from monitoring.kernel.arrays import FloatArray
from monitoring.lab.evaluation.tables import table

VARIABLES = 52
FAULTS = range(1, 22)
ONSET = 160  # observations without the fault in each file with one
START = 20  # observations, until means have settled
FALSE_ALARMS = 0.01
RIDGES = {"error": 0.1, "mean error": 0.02, "mean": 0.01}
VARIANCE_MEMORY, VARIANCE_START, LEAST_VARIANCE = 10.0, 50, 0.05
LEAST_TOLERANCE = 0.01  # standard deviations


class TennesseeError(Exception):
    """A file is missing or not as expected; the message names the file."""


@dataclass(frozen=True)
class TennesseeData:
    """Runs of the process, each of shape (52, observations)."""

    training: FloatArray
    fault_free: FloatArray
    faults: Mapping[int, FloatArray]


@dataclass(frozen=True, slots=True)
class TennesseeResult:
    """Share of observations above the limit: without a fault, and after the onset of each fault."""

    false_alarms: float
    detected: Mapping[int, float]

    @property
    def mean(self) -> float:
        """Return the mean share of all faults."""
        return float(np.mean(list(self.detected.values())))


def read_tennessee(folder: Path) -> TennesseeData:
    """Read the files of a folder.

    Raises:
        TennesseeError: a file is missing, is no table of numbers, or has no dimension of 52.
    """
    return TennesseeData(
        read_run(folder / "d00.dat"),
        read_run(folder / "d00_te.dat"),
        {fault: read_run(folder / f"d{fault:02}_te.dat") for fault in FAULTS},
    )


def read_run(path: Path) -> FloatArray:
    """Return the run in a file, shape (52, observations); one of the public files has it transposed."""
    try:
        values = np.loadtxt(path, ndmin=2)
    except OSError:
        raise TennesseeError(
            f"{path} can't be read: the folder needs d00.dat, and d00_te.dat to d21_te.dat."
        ) from None
    except ValueError as error:
        raise TennesseeError(f"{path} is no table of numbers: {error}.") from error
    if VARIABLES not in values.shape:
        rows, columns = values.shape
        raise TennesseeError(f"{path} has {rows} x {columns} numbers: expected 52 variables.")
    return values if values.shape[0] == VARIABLES else values.T


class TennesseeMonitor:
    """Statistics of a run, fitted to the training run."""

    def __init__(self, training: FloatArray) -> None:
        self.centre, self.scale = training.mean(axis=1, keepdims=True), training.std(axis=1, keepdims=True)
        self.predictor = self.fit_predictor(training)
        each = self.parts(training)
        self.inverses = {name: inverse_covariance(each[name], ridge) for name, ridge in RIDGES.items()}
        spread = log_variance(each["error"])[:, VARIANCE_START:]
        self.usual_spread = spread.mean(axis=1, keepdims=True), spread.std(axis=1, keepdims=True)

    def fit_predictor(self, training: FloatArray) -> Predictor:
        """Return the predictor of Watch for the training run."""
        usual = np.broadcast_to(self.centre, training.shape)
        return PredictorFitting([training], [usual], LEAST_TOLERANCE * self.scale[:, 0]).all()

    def parts(self, run: FloatArray) -> dict[str, FloatArray]:
        """Return the deviations of a run by name, each of shape (52, observations)."""
        usual = np.broadcast_to(self.centre, run.shape)
        error = np.nan_to_num(self.predictor.errors(run, usual))
        return {
            "error": error,
            "mean error": exponential_mean(error, MEAN_MINUTES),
            "mean": exponential_mean((run - self.centre) / self.scale, MEAN_MINUTES),
        }

    def statistics(self, run: FloatArray) -> FloatArray:
        """Return all statistics of a run, shape (4, observations)."""
        each = self.parts(run)
        distances = [distance(each[name], inverse) for name, inverse in self.inverses.items()]
        mean, deviation = self.usual_spread
        spread = np.abs(log_variance(each["error"]) - mean) / deviation
        return np.stack([*distances, spread.max(axis=0)])


def inverse_covariance(values: FloatArray, ridge: float) -> FloatArray:
    """Return the inverse of the covariance of the rows, shrunk by a share to its mean variance."""
    covariance = np.cov(values)
    level = np.trace(covariance) / len(covariance)
    found: FloatArray = np.linalg.inv((1 - ridge) * covariance + ridge * level * np.eye(len(covariance)))
    return found


def distance(values: FloatArray, inverse: FloatArray) -> FloatArray:
    """Return the squared Mahalanobis distance of each column."""
    found: FloatArray = (values * (inverse @ values)).sum(axis=0)
    return found


def log_variance(error: FloatArray) -> FloatArray:
    """Return the logarithm of the local variance of each row."""
    return np.log(exponential_mean(error**2, VARIANCE_MEMORY) + LEAST_VARIANCE)


def evaluate_tennessee(data: TennesseeData) -> TennesseeResult:
    """Return the shares of observations above the limit."""
    monitor = TennesseeMonitor(data.training)
    fault_free = monitor.statistics(data.fault_free)[:, START:]
    limits = np.quantile(fault_free, 1 - FALSE_ALARMS / len(fault_free), axis=1)[:, None]
    limit = np.quantile((fault_free / limits).max(axis=0), 1 - FALSE_ALARMS)

    def above(statistics: FloatArray) -> float:
        return float(((statistics / limits).max(axis=0) > limit).mean())

    return TennesseeResult(
        above(fault_free),
        {fault: above(monitor.statistics(run)[:, ONSET:]) for fault, run in data.faults.items()},
    )


def tennessee_table(result: TennesseeResult) -> list[str]:
    """Return a line a fault with the share of its observations above the limit."""
    rows = [(str(fault), share_text(share)) for fault, share in result.detected.items()]
    ends = [("mean", share_text(result.mean)), ("without a fault", share_text(result.false_alarms))]
    return table(("fault", "detected"), [*rows, *ends])


def share_text(share: float) -> str:
    """Return a share as percent."""
    return f"{100 * share:.1f} %"
