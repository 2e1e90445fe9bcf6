"""One-step predictions of all tags by an LSTM (Malhotra et al. 2015), to compare Watch with. Needs torch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from monitoring.batches.watch.changes import exponential_mean
from monitoring.batches.watch.channels import BatchMinutes, watched
from monitoring.batches.watch.families import MEAN_MINUTES
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.optional_packages import load

UNITS, EPOCHS, LEARNING_RATE, SEED = 32, 100, 0.01, 0

Predict = Callable[
    [FloatArray], FloatArray
]  # (n, channels) -> the values one minute later, of the same shape


def fit_lstm(
    golden: Sequence[BatchMinutes], trained: Callable[[Sequence[FloatArray]], Predict] | None = None
) -> Callable[[BatchMinutes], FloatArray]:
    """Return the score of each minute of a batch: the root mean square error of all tags, smoothed.

    Errors are in standard deviations of those of the golden batches.

    Raises:
        MissingPackageError: torch is not installed.
    """
    model = fit_watch(golden)
    inputs = [scaled_minutes(model, batch) for batch in golden]
    predict = (trained or trained_lstm)(inputs)
    sd = np.concatenate([errors(predict, each) for each in inputs]).std(axis=0) + 1e-9

    def score(batch: BatchMinutes) -> FloatArray:
        error = errors(predict, scaled_minutes(model, batch)) / sd
        size = np.sqrt((error**2).mean(axis=1))
        found: FloatArray = exponential_mean(np.concatenate(([0.0], size))[None], MEAN_MINUTES)[0]
        return found

    return score


def scaled_minutes(model: WatchModel, batch: BatchMinutes) -> FloatArray:
    """Return the tags of a batch, centred and scaled, shape (n, channels); 0 where a value is missing."""
    values = watched(batch).member.matrix(model.tags)
    predictor = model.predictor
    return np.nan_to_num((values - predictor.centre[:, None]) / predictor.scale[:, None]).T


def errors(predict: Predict, values: FloatArray) -> FloatArray:
    """Return the errors of the predictions from the second minute on, shape (n - 1, channels)."""
    found: FloatArray = values[1:] - predict(values)[:-1]
    return found


def trained_lstm(several: Sequence[FloatArray]) -> Predict:
    """Return the predictions of an LSTM of 32 units, trained on whole batches (n, channels)."""
    torch: Any = load("torch", package="torch", requirements="requirements-lstm.txt")
    torch.manual_seed(SEED)
    channels = several[0].shape[1]
    lstm, output = torch.nn.LSTM(channels, UNITS, batch_first=True), torch.nn.Linear(UNITS, channels)
    optimizer = torch.optim.Adam([*lstm.parameters(), *output.parameters()], LEARNING_RATE)
    shortest = min(len(values) for values in several)
    batches = torch.tensor(np.stack([values[:shortest] for values in several]), dtype=torch.float32)
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        predicted = batches + output(lstm(batches)[0])
        ((predicted[:, :-1] - batches[:, 1:]) ** 2).mean().backward()
        optimizer.step()

    def predict(values: FloatArray) -> FloatArray:
        with torch.no_grad():
            minutes = torch.tensor(values[None], dtype=torch.float32)
            found: FloatArray = (minutes + output(lstm(minutes)[0]))[0].numpy().astype(np.float64)
            return found

    return predict
