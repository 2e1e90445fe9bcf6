"""Read a stored batch as ``BatchMinutes``, to be watched."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from monitoring.batches.course import (
    MINUTE_US,
    Channel,
    bound_us,
    course_of,
    minutes_between,
)
from monitoring.batches.elapsed import elapsed_h, elapsed_of
from monitoring.batches.finding import bindings_between
from monitoring.batches.golden.reading import (
    channel_name,
    conversion_to_role,
    phase_of_minutes,
    phase_spans,
    role_of,
    values_of,
)
from monitoring.batches.minute_store import MinuteStore, Signature, TagHour, hour_signatures
from monitoring.batches.soft_sensor_series import LONGEST, constants_of
from monitoring.batches.soft_sensors.inputs import LabResult, SensorInputs
from monitoring.batches.vessel_roles import OTHER, ROLES
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.history.rollup_rows import newest_rollup
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import FIRST_MICROS, from_micros, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S
from monitoring.kernel.runtime import part
from monitoring.kernel.tag_definition import TagKind
from monitoring.models import Batch, Sample, TagFunction, VesselTag

SETTLED = timedelta(seconds=10)  # readings of a minute may arrive that long after its end
SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class ChannelTag:
    """The tag of a channel: the last that was bound."""

    name: str
    title: str
    unit: str


@dataclass(frozen=True)
class BatchToWatch:
    """What the watching of a batch depends on besides the profile; ``signatures`` stand for the values."""

    batch: Batch
    bindings: Sequence[VesselTag]
    samples: Sequence[datetime]
    start_us: IntArray
    signatures: dict[TagHour, Signature]

    @property
    def stop_us(self) -> int:
        """Return the end of the last minute."""
        return int(self.start_us[-1]) + MINUTE_US

    def digest(self) -> str:
        """Return the SHA-256 of all inputs."""
        batch, vessel = self.batch, self.batch.vessel
        facts = (
            (batch.pk, batch.start, batch.inoculated_at, self.stop_us),
            sorted(constants_of(vessel).items()),
            phase_spans(batch),
            [facts_of(binding) for binding in self.bindings],
            self.samples,
            sorted(self.signatures.items()),
        )
        return hashlib.sha256(repr(facts).encode()).hexdigest()


@dataclass(frozen=True)
class ReadMinutes:
    """A stored batch as minutes to watch; ``start_us`` (n,) are the times of these.

    ``tags`` are those of the channels of tags, by the channel's name without ``.rate``.
    """

    batch: Batch
    start_us: IntArray
    minutes: BatchMinutes
    tags: Mapping[str, ChannelTag]

    def time(self, minute: int) -> datetime:
        """Return the begin of a minute; of the number of minutes, the end of the last one."""
        return from_micros(int(self.start_us[0]) + minute * MINUTE_US)


def prepare(batch: Batch, now: datetime) -> BatchToWatch:
    """Return what is to be read of a batch that has started, up to its end, at most the first 60 days.

    A batch that runs ends with the last minute that is complete.
    """
    start = batch.start or now
    end = min(batch.end or settled(now), start + LONGEST)
    start_us = minutes_between(start, end)
    bindings = list(bindings_between(batch.vessel, start, from_micros(int(start_us[-1]) + MINUTE_US)))
    tags = {binding.tag_id for binding in bindings}
    signatures = hour_signatures(tags, int(start_us[0]), int(start_us[-1]) + MINUTE_US)
    samples = Sample.objects.filter(batch=batch, withdrawn_at=None).order_by("taken_at")
    return BatchToWatch(
        batch,
        bindings,
        list(samples.values_list("taken_at", flat=True)),
        start_us,
        signatures,
    )


def settled(now: datetime) -> datetime:
    """Return the end of the last complete minute."""
    return from_micros(to_micros(now - SETTLED) // MINUTE_US * MINUTE_US)


def facts_of(binding: VesselTag) -> tuple[object, ...]:
    """Return what the values of a binding depend on, besides its measurements."""
    tag = binding.tag
    span = (binding.begin, binding.end)
    return (*span, tag.pk, tag.kind, tag.unit, binding.role, binding.function, binding.tolerance)


def read_minutes(found: BatchToWatch) -> ReadMinutes:
    """Return the minute values of a batch."""
    batch, start_us = found.batch, found.start_us
    course = course_of(found.bindings, start_us, part(MinuteStore).fresh(found.signatures).read)
    measured = [each for each in course.channels if is_watched(each)]
    by_role = {role_of(each): each for each in measured if role_of(each) != OTHER}
    others = {name_of(each): each for each in measured if role_of(each) == OTHER}
    hour = elapsed_h(batch, start_us)
    samples = [LabResult(elapsed_of(batch, at), SAMPLE, 0.0) for at in found.samples]
    spans = phase_spans(batch)
    values = {role: values_of(each) for role, each in by_role.items()}
    inputs = SensorInputs(hour, values, constants_of(batch.vessel), samples)
    minutes = BatchMinutes(
        inputs=inputs,
        phase=phase_of_minutes(spans, start_us),
        phases=tuple(name for name, _, _ in spans),
        setpoints=setpoints_of(course.channels, found.bindings, start_us),
        others={name: other_values(each) for name, each in others.items()},
        other_totals=frozenset(name for name, each in others.items() if is_total(each)),
        tolerances=dict(tolerances_of(measured)),
    )
    return ReadMinutes(batch, start_us, minutes, {name_of(each): tag_of(each) for each in measured})


def is_watched(channel: Channel) -> bool:
    """Return whether a channel is compared with golden batches: measured, with values, and no state."""
    is_measured = channel.key.function == TagFunction.MEASURED and channel.kind != TagKind.DISCRETE
    return is_measured and bool(np.isfinite(channel.mean).any())


def name_of(channel: Channel) -> str:
    """Return the channel's name: its role, or ``other.`` and the tag."""
    return channel_name(channel.key.role, channel.unit, channel.tags[-1])


def tag_of(channel: Channel) -> ChannelTag:
    """Return the tag of a channel."""
    return ChannelTag(channel.tags[-1], channel.title, channel.unit)


def is_total(channel: Channel) -> bool:
    """Return whether a channel without a usable role is a totaliser."""
    role = ROLES.get(channel.key.role)
    return channel.kind == TagKind.COUNTER or (role is not None and role.is_total)


def other_values(channel: Channel) -> FloatArray:
    """Return the minute values of a channel without a usable role: means, and maxima of totalisers."""
    return channel.maximum if is_total(channel) else channel.mean


def tolerances_of(channels: Iterable[Channel]) -> Iterable[tuple[str, float]]:
    """Yield the tolerances that bindings set, in the units of the roles, by the channel's name."""
    for channel in channels:
        if channel.tolerance is not None:
            factor = conversion_to_role(role_of(channel), channel.unit)[0]
            yield name_of(channel), channel.tolerance * factor


def setpoints_of(
    channels: Iterable[Channel], bindings: Sequence[VesselTag], start_us: IntArray
) -> dict[str, FloatArray]:
    """Return the setpoints by role in the units of the roles, each held until the next value."""
    found = {}
    for channel in channels:
        role = role_of(channel)
        if channel.key.function == TagFunction.SETPOINT and role != OTHER:
            factor, offset = conversion_to_role(role, channel.unit)
            values = channel.mean.copy()
            if np.isnan(values[0]):
                values[0] = value_before(channel, bindings, start_us)
            found[role] = held(values) * factor + offset
    return {role: values for role, values in found.items() if np.isfinite(values).any()}


def value_before(channel: Channel, bindings: Sequence[VesselTag], start_us: IntArray) -> float:
    """Return the last value of a setpoint before the batch; NaN without any."""
    first_us = int(start_us[0])
    for binding in bindings:
        is_bound = bound_us(binding, first_us, int(start_us[-1]) + MINUTE_US)[0] == first_us
        if is_bound and (binding.role, binding.function) == (channel.key.role, channel.key.function):
            last = newest_rollup(binding.tag_id, RESOLUTIONS_S[0], FIRST_MICROS, first_us)
            return float(last.mean[0]) if len(last) else np.nan
    return np.nan


def held(values: FloatArray) -> FloatArray:
    """Return values with each held until the next; NaN before the first."""
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return values[last]
