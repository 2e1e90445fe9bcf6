"""Periodic signals: a sum of sinusoids fitted to part of a signal."""

import math
from dataclasses import dataclass

import numpy as np

from monitoring.kernel.arrays import FloatArray

MOST = 3
EXPLAINED = 0.5  # of the variance left: a sinusoid has to explain at least this much
SHORTEST_STRETCH = 0.75  # of a period
STEPS = 5
CLOSE = 1e-4  # of the resolution of frequency
RIDGE = 1e-9

Harmonic = tuple[float, float, float]  # angular frequency in rad/s; a and b of a·cos(ωt) + b·sin(ωt)


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted sinusoids, and the signal less these sinusoids, level included; ``rest`` is (n,)."""

    harmonics: tuple[Harmonic, ...]
    rest: FloatArray


def harmonics_at(harmonics: tuple[Harmonic, ...], seconds: float) -> float:
    """Return the sum of the sinusoids at a time in seconds."""
    total = 0.0
    for frequency, a, b in harmonics:
        total += a * math.cos(frequency * seconds) + b * math.sin(frequency * seconds)
    return total


def fit_harmonics(values: FloatArray, seconds: FloatArray) -> Fit:
    """Fit up to three sinusoids to ``values`` (n,), measured about evenly at ``seconds`` (n,).

    Add sinusoids one after another: the strongest frequency of the rest starts a least squares fit of all
    sinusoids so far, frequencies included (Gauss-Newton). Keep a sinusoid that explains half of the variance
    left.

    Source: prewhitening by sinusoids as in Lenz & Breger, Period04 (2005).
    """
    rest = values - values.mean()
    harmonics: tuple[Harmonic, ...]
    size = float(rest.std())
    if not size > 0:
        return Fit((), values)
    origin = seconds[-1]
    frequencies: list[float] = []
    kept = Fit((), values)
    for _ in range(MOST):
        start = strongest_frequency(rest, seconds)
        better = improve(values / size, seconds - origin, [*frequencies, start])
        if better is None:
            break
        frequencies, coefficients = better
        matrix = design(seconds - origin, frequencies)
        left = values - size * (matrix @ coefficients)
        if left.var() > (1 - EXPLAINED) * rest.var():
            break
        rest = left
        harmonics = tuple(
            shifted(f, size * coefficients[1 + 2 * i], size * coefficients[2 + 2 * i], origin)
            for i, f in enumerate(frequencies)
        )
        kept = Fit(harmonics, left + size * coefficients[0])
    return kept


def strongest_frequency(values: FloatArray, seconds: FloatArray) -> float:
    """Return the angular frequency, in rad/s, at which evenly spaced values have most power."""
    count = len(values)
    padded = 1 << (4 * count - 1).bit_length()
    power = np.abs(np.fft.rfft(values * np.hanning(count + 2)[1:-1], padded))
    lowest = max(1, int(padded / count * SHORTEST_STRETCH))
    spacing = (seconds[-1] - seconds[0]) / (count - 1)
    return float(2 * math.pi * (lowest + int(np.argmax(power[lowest:]))) / (padded * spacing))


def improve(
    values: FloatArray, seconds: FloatArray, frequencies: list[float]
) -> tuple[list[float], FloatArray] | None:
    """Return the frequencies and coefficients that fit best, starting from these frequencies.

    Return None if a frequency runs away to zero.
    """
    span = seconds[-1] - seconds[0]
    resolution = 2 * math.pi / span
    for _ in range(STEPS):
        matrix = design(seconds, frequencies)
        coefficients = solve(matrix, values)
        slopes = [
            seconds
            / span
            * (
                coefficients[2 + 2 * i] * matrix[:, 1 + 2 * i]
                - coefficients[1 + 2 * i] * matrix[:, 2 + 2 * i]
            )
            for i in range(len(frequencies))
        ]
        moves = (
            solve(np.column_stack([matrix, *slopes]), values - matrix @ coefficients)[-len(slopes) :] / span
        )
        moves = np.clip(moves, -resolution / 2, resolution / 2)
        frequencies = [frequency + float(move) for frequency, move in zip(frequencies, moves, strict=True)]
        if min(frequencies) < resolution / 2:
            return None
        if np.abs(moves).max() < CLOSE * resolution:
            break
    return frequencies, solve(design(seconds, frequencies), values)


def design(seconds: FloatArray, frequencies: list[float]) -> FloatArray:
    """Return columns 1, cos(ω₁t), sin(ω₁t), cos(ω₂t), ...: shape (n, 1 + 2 · frequencies)."""
    columns = [np.ones(len(seconds))]
    for frequency in frequencies:
        columns += [np.cos(frequency * seconds), np.sin(frequency * seconds)]
    return np.column_stack(columns)


def solve(matrix: FloatArray, values: FloatArray) -> FloatArray:
    """Solve least squares by normal equations, with a small ridge so that a solution always exists."""
    gram = matrix.T @ matrix
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    return np.asarray(np.linalg.solve(gram, matrix.T @ values))


def shifted(frequency: float, a: float, b: float, origin: float) -> Harmonic:
    """Return a sinusoid whose time counted from ``origin``, with time counted from zero."""
    cos, sin = math.cos(frequency * origin), math.sin(frequency * origin)
    return frequency, float(a * cos - b * sin), float(a * sin + b * cos)
