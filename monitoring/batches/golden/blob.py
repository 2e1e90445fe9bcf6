"""A profile as stored: a description in JSON, and its curves as compressed float32 arrays.

The curves are a NumPy archive (.npz) with these arrays for each phase p = 0, 1 ..., in the order of the
description's ``phases``; rows are in the order of its ``channels``:

    p.grid                            progress, shape (1201,)
    p.hour                            mean time in the phase in hours, shape (1201,)
    p.median, p.low, p.high           for charts, shape (channels, 1201), in the units of the channels
    p.mean, p.sd                      m and s of ``references.py``, shape (channels, 1201)

NaN where no member has the channel in the phase. Curves keep 14 bits after the leading one (1 in 33,000), sd
keeps 10: far below the noise of any sensor, and half the bytes.
"""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.batches.golden.choosing import ProfileChoice
from monitoring.batches.golden.coordinates import Coordinate
from monitoring.batches.golden.fitting import FittedProfile, PhaseProfile
from monitoring.batches.golden.members import ChannelInfo
from monitoring.batches.golden.references import Reference
from monitoring.kernel.arrays import FloatArray

MANTISSA = 23
CURVE_BITS, SD_BITS = 14, 10
CURVES = ("median", "low", "high")
ARRAYS = ("grid", "hour", "mean", "sd", *CURVES)


def description_of(profile: FittedProfile) -> dict[str, Any]:
    """Return channels and phases with their coordinates as a JSON object."""
    return {
        "channels": [
            {
                "name": each.name,
                "title": each.title,
                "unit": each.unit,
                "tolerance": each.tolerance,
                "is_total": each.is_total,
            }
            for each in profile.channels
        ],
        "phases": [phase_description(phase) for phase in profile.phases],
    }


def phase_description(phase: PhaseProfile) -> dict[str, Any]:
    """Return a phase without its curves. ``length`` is the progress at its end; spreads are in percent."""
    choice = phase.choice
    return {
        "name": phase.name,
        "members": phase.members,
        **coordinate_json(choice.coordinate),
        "length": round(float(phase.reference.grid[-1]), 4),
        "hours": round(float(phase.hour[-1]), 4),
        "reason": choice.reason,
        "spreads": [
            {**coordinate_json(each), "percent": round(100 * spread, 2)}
            for each, spread in choice.spreads.items()
        ],
    }


def coordinate_json(coordinate: Coordinate) -> dict[str, str]:
    """Return a coordinate as a JSON object."""
    return {
        "coordinate": coordinate.kind,
        "channel": coordinate.channel,
        "title": coordinate.title,
        "unit": coordinate.unit,
    }


def pack(profile: FittedProfile) -> bytes:
    """Return the curves of a profile as bytes; equal profiles give equal bytes."""
    arrays: dict[str, NDArray[np.float32]] = {}
    for place, phase in enumerate(profile.phases):
        arrays[f"{place}.grid"] = phase.reference.grid.astype(np.float32)
        arrays[f"{place}.hour"] = phase.hour.astype(np.float32)
        arrays[f"{place}.mean"] = shortened(phase.reference.mean, CURVE_BITS)
        arrays[f"{place}.sd"] = shortened(phase.reference.sd, SD_BITS)
        for name in CURVES:
            arrays[f"{place}.{name}"] = shortened(getattr(phase, name), CURVE_BITS)
    file = BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def shortened(values: FloatArray, bits: int) -> NDArray[np.float32]:
    """Return float32 values rounded to so many bits after the leading one, which compresses better."""
    whole = np.ascontiguousarray(values, dtype=np.float32)
    step = np.uint32(1 << (MANTISSA - bits))
    rounded = (whole.view(np.uint32) + step // np.uint32(2)) & ~(step - np.uint32(1))
    return np.where(np.isfinite(whole), rounded.view(np.float32), np.float32(np.nan))


def unpack(description: dict[str, Any], curves: bytes) -> FittedProfile:
    """Return the stored profile, without scores."""
    with np.load(BytesIO(curves), allow_pickle=False) as archive:
        phases = tuple(
            unpacked_phase(item, {name: archive[f"{place}.{name}"].astype(np.float64) for name in ARRAYS})
            for place, item in enumerate(description["phases"])
        )
    channels = tuple(ChannelInfo(**each) for each in description["channels"])
    return FittedProfile(channels, phases, ())


def unpacked_phase(item: dict[str, Any], arrays: dict[str, FloatArray]) -> PhaseProfile:
    """Return a phase from its description and arrays."""
    spreads = {
        Coordinate(each["coordinate"], each["channel"]): each["percent"] / 100 for each in item["spreads"]
    }
    return PhaseProfile(
        name=item["name"],
        choice=ProfileChoice(Coordinate(item["coordinate"], item["channel"]), item["reason"], spreads),
        reference=Reference(arrays["grid"], arrays["mean"], arrays["sd"]),
        median=arrays["median"],
        low=arrays["low"],
        high=arrays["high"],
        hour=arrays["hour"],
        members=item["members"],
    )
