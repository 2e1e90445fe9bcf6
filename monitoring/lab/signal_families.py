"""Clean signals of many families, to count false findings: these signals contain no fault.

Each family is a pure function of (seed, length): one reading a second, its parameters drawn from the seed. σ
is the standard deviation of the noise. Unless a family says otherwise, values have no unit: σ is drawn
between 0.01 and 100, and the offset between -50 and 50 σ.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.tag_definition import DEFAULT_TAGS, DefaultTag
from monitoring.sources.simulator.signals import EDGE_SIGMAS, normal_signal

FloatArray = NDArray[np.float64]
HOUR_S = 3600
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class CleanSignal:
    """Readings without a fault, one a second; ``values`` has shape (n,).

    ``noise`` is σ; ``amplitude`` is the distance of the extremes from the middle, without noise. Both are in
    the unit of the values.
    """

    values: FloatArray
    noise: float
    amplitude: float


def default_signal(tag: DefaultTag, *, seed: int, phase_s: int, length: int) -> CleanSignal:
    """Return a default tag's normal signal from the second ``phase_s`` on, at the sensor's resolution."""
    rng = np.random.default_rng([seed, phase_s])
    values = normal_signal(tag, rng, np.arange(phase_s, phase_s + length))
    profile = tag.profile
    amplitude = (profile.high - profile.low) / 2 - EDGE_SIGMAS * profile.noise
    return CleanSignal(np.round(values, profile.decimals), profile.noise, amplitude)


def default(seed: int, length: int) -> CleanSignal:
    """The default tags' normal signals: the seed selects the tag, and a phase is drawn from the seed."""
    phase_s = int(np.random.default_rng(seed).integers(0, DAY_S))
    return default_signal(DEFAULT_TAGS[seed % len(DEFAULT_TAGS)], seed=seed, phase_s=phase_s, length=length)


def waves(seed: int, length: int) -> CleanSignal:
    """A sinusoid of 5 to 60 σ whose steepest slope is 0.02 to 0.3 σ/s; the noise is normal or uniform."""
    rng, noise, offset = drawn(seed)
    amplitude, slope = math.exp(rng.uniform(math.log(5), math.log(60))), 10 ** rng.uniform(-1.7, -0.5)
    wave = amplitude * np.sin(slope / amplitude * np.arange(length) + rng.uniform(0, 2 * math.pi))
    half = math.sqrt(3)  # the uniform distribution from -√3 to √3 has a variance of 1
    chance = rng.normal(0, 1, length) if rng.random() < 0.5 else rng.uniform(-half, half, length)
    return CleanSignal(offset + noise * (wave + chance), noise, noise * amplitude)


def white_noise(seed: int, length: int) -> CleanSignal:
    """x = offset + N(0, σ)."""
    rng, noise, offset = drawn(seed)
    return CleanSignal(offset + rng.normal(0, noise, length), noise, 0.0)


def heavy_tails(seed: int, length: int) -> CleanSignal:
    """x = offset + σ · T / √2, where T is Student's t with 4 degrees of freedom (variance 2)."""
    rng, noise, offset = drawn(seed)
    return CleanSignal(offset + noise * rng.standard_t(4, length) / math.sqrt(2), noise, 0.0)


def setpoint_changes(seed: int, length: int) -> CleanSignal:
    """A level held for 1 to 4 hours, then another of 3 to 6 levels 4 to 20 σ apart; white noise.

    In two of three seeds the signal follows its setpoint with a first-order lag of 10 to 300 s.
    """
    rng, noise, offset = drawn(seed)
    levels = np.cumsum(rng.uniform(4, 20, int(rng.integers(3, 7)))) * noise
    lag_s = float(rng.choice([0.0, rng.uniform(10, 60), rng.uniform(60, 300)]))
    setpoint, index = np.empty(length), int(rng.integers(len(levels)))
    for begin, end in segments(rng, length, shortest_s=HOUR_S, longest_s=4 * HOUR_S):
        setpoint[begin:end] = levels[index]
        index = int((index + rng.integers(1, len(levels))) % len(levels))
    values = offset + lagged(setpoint, lag_s) + rng.normal(0, noise, length)
    return CleanSignal(values, noise, float(np.ptp(levels)) / 2)


def random_walk(seed: int, length: int) -> CleanSignal:
    """The sum of N(0, s); in three of four seeds plus measurement noise of 1, 3 or 10 s.

    σ combines both: √(s² + measurement noise²).
    """
    rng, pace, offset = drawn(seed)
    measurement = pace * float(rng.choice([0, 1, 3, 10]))
    walk = np.cumsum(rng.normal(0, pace, length))
    values = offset + walk + rng.normal(0, 1, length) * measurement
    return CleanSignal(values, math.hypot(pace, measurement), float(np.ptp(walk)) / 2)


def batch_sigmoid(seed: int, length: int) -> CleanSignal:
    """Logistic growth h / (1 + exp(-(t - m) / w)) by h = 20 to 60 σ over hours, 1 to 4 batches a day.

    In the middle batch the growth from 5 to 95 % takes 6 w = 20 to 60 % of the batch. Where there
    are several batches a day, each begins from the bottom again, at once. White noise.
    """
    rng, noise, offset = drawn(seed)
    height = noise * rng.uniform(20, 60)
    period_s = DAY_S / int(rng.integers(1, 5))
    middle_s, width_s = period_s * rng.uniform(0.35, 0.65), period_s * rng.uniform(0.2, 0.6) / 6
    begin_s = rng.uniform(0, 0.3) * period_s
    time_s = (begin_s + np.arange(length)) % period_s
    growth = height / (1 + np.exp(-(time_s - middle_s) / width_s))
    return CleanSignal(offset + growth + rng.normal(0, noise, length), noise, float(height) / 2)


def fed_batch(seed: int, length: int) -> CleanSignal:
    """Fed batches one after another: lag, exponential growth, linear feed, stationary, harvest; white noise.

    Lag: level for 1 to 3 h. Growth: exponential by 10 to 25 σ over 3 to 6 h. Feed: linear by 10 to 30 σ over
    4 to 8 h. Stationary: 2 to 4 h, falling by up to 3 σ. Harvest: back to the lag's level within 10 to 40
    min, in a straight line. The slope changes at once at the end of a phase.
    """
    rng, noise, offset = drawn(seed)
    first = one_fed_batch(rng, noise)
    pieces = [first[int(rng.integers(len(first) // 2)) :]]  # the first batch has already started
    while sum(map(len, pieces)) < length:
        pieces.append(one_fed_batch(rng, noise))
    course = np.concatenate(pieces)[:length]
    return CleanSignal(offset + course + rng.normal(0, noise, length), noise, float(np.ptp(course)) / 2)


def one_fed_batch(rng: np.random.Generator, noise: float) -> FloatArray:
    """Return one batch from its lag to the end of its harvest, without noise."""
    lag = np.zeros(int(rng.uniform(1, 3) * HOUR_S))
    time = np.linspace(0, 1, int(rng.uniform(3, 6) * HOUR_S))
    grown, doublings = noise * rng.uniform(10, 25), rng.uniform(2, 4)
    growth = grown * np.expm1(math.log(2) * doublings * time) / math.expm1(math.log(2) * doublings)
    fed = grown + noise * rng.uniform(10, 30)
    feed = np.linspace(grown, fed, int(rng.uniform(4, 8) * HOUR_S))
    left = fed - noise * rng.uniform(0, 3)
    stationary = np.linspace(fed, left, int(rng.uniform(2, 4) * HOUR_S))
    harvest = np.linspace(left, 0, int(rng.uniform(10, 40) * 60))
    return np.concatenate([lag, growth, feed, stationary, harvest])


def ar1(seed: int, length: int) -> CleanSignal:
    """x_i = φ x_(i-1) + N(0, s), φ from 0.5 to 0.99; σ is the stationary one, s / √(1 - φ²)."""
    rng, noise, offset = drawn(seed)
    memory = rng.uniform(0.5, 0.99)
    pushes = rng.normal(0, noise * math.sqrt(1 - memory**2), length)
    return CleanSignal(offset + filtered(pushes, memory, rng.normal(0, noise)), noise, 0.0)


def square_cycles(seed: int, length: int) -> CleanSignal:
    """On and off, 5 to 50 σ apart, with a period of 2 to 60 min, on for 20 to 80 % of the period; white
    noise.
    """
    rng, noise, offset = drawn(seed)
    period_s, share = float(rng.uniform(120, 3600)), rng.uniform(0.2, 0.8)
    height = noise * rng.uniform(5, 50)
    phase = (rng.uniform(0, 1) + np.arange(length) / period_s) % 1
    values = offset + np.where(phase < share, height, 0) + rng.normal(0, noise, length)
    return CleanSignal(values, noise, float(height) / 2)


def quantised(seed: int, length: int) -> CleanSignal:
    """A sinusoid of 10 to 60 min and 2 to 6 σ with white noise, read at a resolution of 1 to 3 σ."""
    rng, noise, offset = drawn(seed)
    resolution, amplitude = noise * rng.uniform(1, 3), noise * rng.uniform(2, 6)
    turn = 2 * math.pi * (rng.uniform(0, 1) + np.arange(length) / rng.uniform(600, 3600))
    exact = offset + amplitude * np.sin(turn) + rng.normal(0, noise, length)
    return CleanSignal(np.round(exact / resolution) * resolution, noise, float(amplitude))


def sawtooth(seed: int, length: int) -> CleanSignal:
    """A straight rise by 10 to 50 σ over 10 min to 4 h, then back to the bottom at once; white noise."""
    rng, noise, offset = drawn(seed)
    height, period_s = noise * rng.uniform(10, 50), float(rng.uniform(600, 4 * HOUR_S))
    phase = (rng.uniform(0, 1) + np.arange(length) / period_s) % 1
    return CleanSignal(offset + height * phase + rng.normal(0, noise, length), noise, float(height) / 2)


def drawn(seed: int) -> tuple[np.random.Generator, float, float]:
    """Return the seed's random generator, and σ and the offset drawn from it."""
    rng = np.random.default_rng(seed)
    noise = float(10 ** rng.uniform(-2, 2))
    return rng, noise, noise * float(rng.uniform(-50, 50))


def segments(
    rng: np.random.Generator, length: int, *, shortest_s: int, longest_s: int
) -> list[tuple[int, int]]:
    """Return consecutive segments, begin and end (exclusive), that cover ``length`` readings."""
    ends = [0]
    while ends[-1] < length:
        ends.append(ends[-1] + int(rng.integers(shortest_s, longest_s + 1)))
    return [(begin, min(end, length)) for begin, end in pairwise(ends)]


def lagged(setpoint: FloatArray, lag_s: float) -> FloatArray:
    """Apply a first-order lag to ``setpoint`` (n,), settled at the beginning; (n,)."""
    if lag_s == 0:
        return setpoint
    memory = math.exp(-1 / lag_s)
    return filtered((1 - memory) * setpoint, memory, float(setpoint[0]))


def filtered(pushes: FloatArray, memory: float, before: float) -> FloatArray:
    """Return y_i = memory · y_(i-1) + pushes_i, y_(-1) = ``before``; the same shape as ``pushes``."""
    answer = np.empty(len(pushes))
    for index, push in enumerate(pushes.tolist()):
        before = memory * before + push
        answer[index] = before
    return answer


FAMILIES: dict[str, Callable[[int, int], CleanSignal]] = {
    family.__name__: family
    for family in (
        default,
        waves,
        white_noise,
        heavy_tails,
        setpoint_changes,
        random_walk,
        batch_sigmoid,
        fed_batch,
        ar1,
        square_cycles,
        quantised,
        sawtooth,
    )
}
