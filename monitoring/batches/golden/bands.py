"""The golden band along a batch: the profile at the progress that the batch has made at each time."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from monitoring.batches.finding import newest_profile
from monitoring.batches.golden.blob import unpack
from monitoring.batches.golden.coordinates import GROWTH, TOTAL
from monitoring.batches.golden.fitting import FittedProfile, PhaseProfile, progress_in
from monitoring.batches.golden.members import Member
from monitoring.batches.golden.reading import UPTAKE_ROLES, channel_name, conversion_to_role, read_member
from monitoring.batches.vessel_roles import ROLES
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.runtime import part
from monitoring.models import Batch, Profile, TagFunction, VesselTag

LINES = ("median", "low", "high", "limit_low", "limit_high")
LIMIT_SD = 3.0
REACH = 1.01


@dataclass(frozen=True, slots=True)
class Band:
    """The band of one channel along a batch, in the unit of the tag.

    ``hour`` is elapsed time, shape (n,); ``lines`` has arrays (n,) by the names of ``LINES``, all NaN where
    the profile has no values: outside of its phases, and beyond the progress of its batches.
    """

    profile: Profile
    hour: FloatArray
    lines: Mapping[str, FloatArray]


class UnpackedProfiles:
    """The profiles used last, unpacked; they never change."""

    most = 8

    def __init__(self) -> None:
        self.by_id: OrderedDict[int, FittedProfile] = OrderedDict()

    def of(self, profile: Profile) -> FittedProfile:
        """Return the unpacked profile."""
        found = self.by_id.pop(profile.pk, None)
        if found is None:
            found = unpack(profile.coordinates, bytes(profile.curves))
        self.by_id[profile.pk] = found
        while len(self.by_id) > self.most:
            self.by_id.popitem(last=False)
        return found


def unpacked(profile: Profile) -> FittedProfile:
    """Return channels, phases and curves of a stored profile."""
    return part(UnpackedProfiles).of(profile)


def profile_for(batch: Batch) -> Profile | None:
    """Return the profile of the batch, else the newest of its recipe; None if there is none."""
    return batch.profile or newest_profile(batch.recipe)


def read_band(batch: Batch, binding: VesselTag, *, points: int, now: datetime) -> Band | None:
    """Return the band of the tag's channel along the batch, at most ``points`` long.

    None without a profile, or if the profile lacks the channel.
    """
    profile = profile_for(batch)
    if profile is None or batch.start is None or binding.function != TagFunction.MEASURED:
        return None
    fitted, name = unpacked(profile), channel_name(binding.role, binding.tag.unit, binding.tag.name)
    names = [channel.name for channel in fitted.channels]
    if name not in names:
        return None
    member = read_member(batch, now=now, roles=needed_roles(fitted, binding.role)).member
    lines = lines_of(fitted, names.index(name), member, stride=-(-len(member.hour) // points))
    hour = lines.pop("hour")
    if fitted.channels[names.index(name)].is_total and name in member.starts:
        lines = {key: line + member.starts[name] for key, line in lines.items()}
    factor, offset = conversion_to_role(binding.role, binding.tag.unit)
    return Band(profile, hour, {key: (line - offset) / factor for key, line in lines.items()})


def needed_roles(profile: FittedProfile, role: str) -> set[str]:
    """Return the roles that give the progress through the profile, and the start of a total."""
    coordinates = [phase.choice.coordinate for phase in profile.phases]
    totals = {each.channel for each in coordinates if each.kind == TOTAL}
    uptake = UPTAKE_ROLES if any(each.kind == GROWTH for each in coordinates) else ()
    own = {role} if role in ROLES and ROLES[role].is_total else set()
    return {*totals, *uptake, *own}


def lines_of(profile: FittedProfile, row: int, member: Member, *, stride: int) -> dict[str, FloatArray]:
    """Return ``hour`` and the lines of one channel at each ``stride``-th minute of the batch."""
    found = {name: np.full(len(member.hour), np.nan) for name in LINES}
    for phase in profile.phases:
        during = member.during(phase.name)
        if during.any():
            for name, line in phase_lines(phase, row, progress_in(member, phase)).items():
                found[name][during] = line
    return {name: line[::stride] for name, line in {"hour": member.hour, **found}.items()}


def phase_lines(phase: PhaseProfile, row: int, along: FloatArray) -> dict[str, FloatArray]:
    """Return the lines of a channel at each progress in ``along`` (n,).

    NaN where the batch is more than 1 % beyond the longest golden one.
    """
    reference = phase.reference
    beyond = np.where(along <= REACH * reference.grid[-1], 0.0, np.nan)
    mean, reach = reference.mean[row], LIMIT_SD * reference.sd[row]
    curves = (phase.median[row], phase.low[row], phase.high[row], mean - reach, mean + reach)
    return {
        name: np.interp(along, reference.grid, curve) + beyond
        for name, curve in zip(LINES, curves, strict=True)
    }
