"""Moments and laboratory samples of a batch of the demo vessel."""

from dataclasses import dataclass

from monitoring.sources.simulator.vessel.balances import FIRST_SAMPLE_S, SAMPLE_EVERY_S
from monitoring.sources.simulator.vessel.batch_block import BLOCK_S
from monitoring.sources.simulator.vessel.cycle import inoculation_of, state_at
from monitoring.sources.simulator.vessel.parameters import batch_rng
from monitoring.sources.simulator.vessel.turnaround import BATCH_S, PREPARED_S

OF_LABORATORY = 999_997  # in place of a block's number, in the seed of the random numbers
G_L_OF_OD = 0.36  # dry weight for 1 of OD600
OD_ERROR, WEIGHT_ERROR, CONCENTRATION_ERROR = 0.03, 0.02, 0.03  # relative
WEIGHT_NOISE, CONCENTRATION_NOISE = 0.05, 0.03  # g/L


@dataclass(frozen=True, slots=True)
class SimulatedMoments:
    """Seconds of Unix time."""

    start: int
    inoculation: int
    end: int


@dataclass(frozen=True, slots=True)
class LabSample:
    """Results of a sample that was taken ``elapsed_s`` after inoculation; g/L but for the optical density."""

    elapsed_s: int
    od600: float
    dry_weight: float
    glucose: float
    acetate: float


def moments_of(number: int) -> SimulatedMoments:
    """Return start, inoculation and end of batch ``number``."""
    inoculation = inoculation_of(number)
    return SimulatedMoments(inoculation - PREPARED_S, inoculation, inoculation + BATCH_S)


def feed_begin(seed: int, number: int, now: int) -> int | None:
    """Return the second of Unix time at which the feed has begun by ``now``; None if it has not."""
    elapsed = min(now - inoculation_of(number), BATCH_S)
    if elapsed <= 0:
        return None
    feed_at = state_at(seed, number, -(-elapsed // BLOCK_S) * BLOCK_S).feed_at
    return inoculation_of(number) + feed_at if 0 <= feed_at <= elapsed else None


def sample_times(until_s: int) -> range:
    """Return the times of the samples taken up to ``until_s``, in seconds after inoculation."""
    return range(FIRST_SAMPLE_S, min(until_s + 1, BATCH_S), SAMPLE_EVERY_S)


def lab_samples(seed: int, number: int, until_s: int) -> list[LabSample]:
    """Return the samples taken up to ``until_s`` after inoculation: with errors of the methods."""
    times = sample_times(until_s)
    draws = batch_rng(seed, number, OF_LABORATORY).standard_normal((len(times), 5)).tolist()
    return [lab_sample(seed, number, elapsed, drawn) for elapsed, drawn in zip(times, draws, strict=True)]


def lab_sample(seed: int, number: int, elapsed_s: int, draws: list[float]) -> LabSample:
    """Return one sample, with standard normal numbers for its errors."""
    state = state_at(seed, number, elapsed_s)
    cells = state.biomass + state.contaminant

    def concentration(value: float, relative: float, absolute: float) -> float:
        measured = value * (1 + CONCENTRATION_ERROR * relative) + CONCENTRATION_NOISE * absolute
        return round(max(measured, 0.0), 2)

    return LabSample(
        elapsed_s,
        od600=round(cells / G_L_OF_OD * (1 + OD_ERROR * draws[0]), 2),
        dry_weight=round(max(cells * (1 + WEIGHT_ERROR * draws[1]) + WEIGHT_NOISE * draws[2], 0.0), 2),
        glucose=concentration(state.glucose, draws[3], abs(draws[4])),
        acetate=concentration(state.acetate, draws[4], abs(draws[3])),
    )
