"""Sensor faults of any severity, put into any signal: ground truth for the evaluation of detectors."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
USUAL_RANGE = (0.02, 0.98)


@dataclass(frozen=True, slots=True)
class Damage:
    """Input of a fault: severity, the clean signal (n,), its noise σ, and a random generator."""

    severity: float
    clean: FloatArray
    noise: float
    rng: np.random.Generator

    @property
    def usual_range(self) -> tuple[float, float]:
        """Return the 2nd and the 98th percentile of the clean signal."""
        low, high = np.quantile(self.clean, USUAL_RANGE)
        return float(low), float(high)

    @property
    def sign(self) -> int:
        """Return 1 or -1, at random."""
        return 1 if self.rng.random() < 0.5 else -1


def inject(
    kind: str,
    severity: float,
    values: FloatArray,
    *,
    start: int,
    stop: int,
    noise: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the signal ``values`` (n,) with a fault on the readings from ``start`` to ``stop`` (exclusive);
    (n,).

    ``noise`` is σ, the standard deviation of the signal's noise. The meaning of ``severity`` depends on the
    kind: see ``FAULTS``. Values outside the fault are unchanged. A missing reading is NaN.

    Raises:
        KeyError: there is no such kind.
        ValueError: the fault does not lie within the signal, or it would take noise away.
    """
    if not 0 <= start < stop <= len(values):
        raise ValueError(f"a fault from {start} to {stop} does not lie within {len(values)} readings")
    faulty = values.copy()
    damage = Damage(severity, values, noise, rng)
    faulty[start:stop] = FAULTS[kind](damage, values[start:stop])
    return faulty


def labels(kind: str, length: int, *, start: int, stop: int) -> NDArray[np.str_]:
    """Return the kind where ``inject`` may change a reading, empty elsewhere; shape (length,)."""
    last = start + 1 if kind == "spike" else stop
    return np.where((np.arange(length) >= start) & (np.arange(length) < last), kind, "")


def spike(damage: Damage, during: FloatArray) -> FloatArray:
    """Shift the first reading by severity · σ, up or down."""
    faulty = during.copy()
    faulty[0] += damage.sign * damage.severity * damage.noise
    return faulty


def step(damage: Damage, during: FloatArray) -> FloatArray:
    """Shift all readings by severity · σ, all up or all down."""
    return during + damage.sign * damage.severity * damage.noise


def drift(damage: Damage, during: FloatArray) -> FloatArray:
    """Shift reading i = 1, 2, ... by i · severity · σ: severity is in σ a reading."""
    return during + damage.sign * damage.severity * damage.noise * np.arange(1, len(during) + 1)


def stuck(damage: Damage, during: FloatArray) -> FloatArray:
    """Hold the first value."""
    return np.full(during.shape, during[0])


def noisy(damage: Damage, during: FloatArray) -> FloatArray:
    """Add white noise until its standard deviation is severity · σ; severity >= 1."""
    if damage.severity < 1:
        raise ValueError(f"noise can only grow: expected a severity of 1 or more, got {damage.severity:g}")
    added = damage.noise * math.sqrt(damage.severity**2 - 1)
    return during + damage.rng.normal(0, added, during.shape)


def dropout(damage: Damage, during: FloatArray) -> FloatArray:
    """Set the value to 0."""
    return np.zeros(during.shape)


def pegged(damage: Damage, during: FloatArray) -> FloatArray:
    """Hold a value beyond the clean signal's own extreme by severity times its range, above or below."""
    low, high = float(damage.clean.min()), float(damage.clean.max())
    reach = damage.severity * (high - low)
    return np.full(during.shape, high + reach if damage.sign > 0 else low - reach)


def clipped(damage: Damage, during: FloatArray) -> FloatArray:
    """Limit values to middle ± severity · amplitude, both from the clean signal's usual range."""
    low, high = damage.usual_range
    middle, reach = (low + high) / 2, damage.severity * (high - low) / 2
    return np.clip(during, middle - reach, middle + reach)


def missing(damage: Damage, during: FloatArray) -> FloatArray:
    """Remove all readings."""
    return np.full(during.shape, np.nan)


# stuck, dropout and missing ignore the severity.
FAULTS: dict[str, Callable[[Damage, FloatArray], FloatArray]] = {
    "spike": spike,
    "step": step,
    "drift": drift,
    "stuck": stuck,
    "noise": noisy,
    "dropout": dropout,
    "pegged": pegged,
    "clipped": clipped,
    "missing": missing,
}
