"""Read batches as members of a profile: minute values of all measured tags, phases, oxygen uptake."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from monitoring.batches.course import MINUTE_US, Channel, Course, read_course
from monitoring.batches.elapsed import clipped_end, elapsed_h
from monitoring.batches.golden.members import ChannelInfo, Member
from monitoring.batches.soft_sensor_series import LONGEST, constants_of, role_values
from monitoring.batches.soft_sensors.gas import oxygen_uptake
from monitoring.batches.soft_sensors.inputs import SensorInputs
from monitoring.batches.soft_sensors.role_units import UNITS, Conversion, conversion_of
from monitoring.batches.vessel_roles import OTHER, ROLES
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import to_micros
from monitoring.models import Batch, BatchPhase, TagFunction

WHOLE = "whole batch"  # the only phase of a batch without phases
UPTAKE_ROLES = ("air_flow", "offgas_o2", "offgas_co2", "weight", "volume")
DOSED_BY_NEED = ("antifoam_total",)
FOREVER_US = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """A batch as a member, its channels, and the SHA-256 of all values and phases that it was made of."""

    batch: Batch
    member: Member
    channels: Sequence[ChannelInfo]
    digest: str


def read_member(batch: Batch, *, now: datetime, roles: Collection[str] | None = None) -> ReadBatch:
    """Return a batch that has started, until its end (running: until now), at most its first 60 days.

    ``roles`` limits the channels.
    """
    start = batch.start or now
    course = read_course(batch.vessel, start, min(clipped_end(batch, now), start + LONGEST), roles)
    measured = [each for each in course.channels if is_compared(each)]
    spans = phase_spans(batch)
    hour = elapsed_h(batch, course.start_us)
    member = Member(
        hour=hour,
        phase=phase_of_minutes(spans, course.start_us),
        phases=tuple(name for name, _, _ in spans),
        values={info_of(channel).name: values_of(channel) for channel in measured},
        uptake=uptake_of(batch, course, hour),
    )
    return ReadBatch(
        batch, member, [info_of(channel) for channel in measured], digest_of(batch, spans, measured)
    )


def is_compared(channel: Channel) -> bool:
    """Return whether the channel is part of profiles: measured, and not dosed by need at any time."""
    return channel.key.function == TagFunction.MEASURED and channel.key.role not in DOSED_BY_NEED


def phase_spans(batch: Batch) -> list[tuple[str, int, int]]:
    """Return name, begin and end of each phase in microseconds; without phases, of the whole batch."""
    phases: list[BatchPhase] = list(batch.phases.all())
    if not phases:
        start = batch.inoculated_at or batch.start or batch.changed_at
        return [(WHOLE, to_micros(start), to_micros(batch.end) if batch.end else FOREVER_US)]
    return [
        (each.name, to_micros(each.start), to_micros(each.end) if each.end else FOREVER_US) for each in phases
    ]


def phase_of_minutes(spans: Sequence[tuple[str, int, int]], start_us: IntArray) -> IntArray:
    """Return the index of the phase in which each minute begins, shape (n,); -1 outside of all phases."""
    found = np.full(len(start_us), -1, dtype=np.int64)
    for index, (_, begin, end) in enumerate(spans):
        found[(start_us >= begin // MINUTE_US * MINUTE_US) & (start_us < end)] = index
    return found


def info_of(channel: Channel) -> ChannelInfo:
    """Return the channel as part of a profile: by role in the role's unit, else by tag."""
    role, name = ROLES[role_of(channel)], channel_name(channel.key.role, channel.unit, channel.tags[-1])
    if role.name == OTHER:
        return ChannelInfo(name, channel.title, channel.unit, channel.tolerance)
    tolerance = None if role.is_total else role.tolerance  # that of a total is about the rate
    unit = role.unit if role.name in UNITS else channel.unit
    factor = conversion_to_role(role.name, channel.unit)[0]
    own = None if channel.tolerance is None else channel.tolerance * factor
    return ChannelInfo(name, role.title, unit, tolerance if own is None else own, role.is_total)


def channel_name(role: str, unit: str, tag: str) -> str:
    """Return the name of a channel in profiles: the role; the tag without a role or with a strange unit."""
    is_usable = role in ROLES and (role not in UNITS or conversion_of(role, unit) is not None)
    return role if is_usable and role != OTHER else f"{OTHER}.{tag}"


def role_of(channel: Channel) -> str:
    """Return the role that the channel has in profiles."""
    name = channel_name(channel.key.role, channel.unit, channel.tags[-1])
    return name if name in ROLES else OTHER


def conversion_to_role(role: str, unit: str) -> Conversion:
    """Return factor and offset from a tag's unit to the role's; 1 and 0 if there is none."""
    found = conversion_of(role, unit) if role in UNITS else None
    return found or (1.0, 0.0)


def values_of(channel: Channel) -> FloatArray:
    """Return the minute values in the unit of the profile: means, and maxima of totalisers."""
    role = role_of(channel)
    factor, offset = conversion_to_role(role, channel.unit)
    return (channel.maximum if ROLES[role].is_total else channel.mean) * factor + offset


def uptake_of(batch: Batch, course: Course, hour: FloatArray) -> FloatArray | None:
    """Return the oxygen uptake rate in mmol/L/h from the gas balance; None without off-gas."""
    measured = role_values(course.channels).measured
    found = oxygen_uptake(SensorInputs(hour, measured, constants_of(batch.vessel)))
    return found if np.isfinite(found).any() else None


def digest_of(batch: Batch, spans: Iterable[tuple[str, int, int]], channels: Iterable[Channel]) -> str:
    """Return the SHA-256 of a batch's moments, phases and minute values.

    Of values as float32: sums of the same readings in another order differ in the last bits of a float64.
    """
    state = hashlib.sha256(repr((batch.pk, batch.start, batch.inoculated_at, batch.end)).encode())
    state.update(repr(list(spans)).encode())
    for channel in sorted(channels, key=lambda each: info_of(each).name):
        state.update(repr((info_of(channel).name, channel.unit)).encode())
        state.update(values_of(channel).astype("<f4").tobytes())
    return state.hexdigest()


def hash_of(batches: Iterable[ReadBatch]) -> str:
    """Return the hash of all inputs of a profile, whatever the order of its batches."""
    digests = [each.digest for each in sorted(batches, key=lambda each: each.batch.pk)]
    return hashlib.sha256("".join(digests).encode()).hexdigest()
