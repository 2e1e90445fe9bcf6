"""Soft sensors of a batch, computed from the rollups of the vessel's tags when read; nothing is stored."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from monitoring.batches.computed_series import computed_series
from monitoring.batches.course import Channel, read_course
from monitoring.batches.elapsed import clipped_end, elapsed_h, elapsed_of
from monitoring.batches.errors import BatchInputError
from monitoring.batches.finding import bindings_between
from monitoring.batches.sampling import current_results
from monitoring.batches.sensor_series import BatchSensors, SensorSeries
from monitoring.batches.soft_sensors.catalogue import SOFT_SENSORS, compute
from monitoring.batches.soft_sensors.constants import CONSTANTS, constant_error
from monitoring.batches.soft_sensors.definition import SoftSensor
from monitoring.batches.soft_sensors.inputs import LabResult, SensorInputs
from monitoring.batches.soft_sensors.missing import gain_of, missing_for, remarks_for
from monitoring.batches.soft_sensors.role_units import UNITS, conversion_of, unit_error
from monitoring.batches.vessel_roles import ROLES
from monitoring.kernel.arrays import FloatArray
from monitoring.models import Batch, TagFunction, Vessel

LONGEST = timedelta(days=60)  # of a batch: bounds memory
NO_VALUE_YET = "All inputs are there, but the formula gives no value yet."
BIOMASS_ANALYTES = ("dry_weight", "od600")
IS_CUT = f"The batch is longer than {LONGEST.days} days: only the first {LONGEST.days} are computed."


@dataclass(frozen=True, slots=True)
class RoleValues:
    """Minute values by role in the units of the formulas, and why the tags of other roles cannot be used."""

    measured: Mapping[str, FloatArray]
    problems: Mapping[str, str]


def read_soft_sensors(
    batch: Batch, names: Collection[str] = (), *, now: datetime | None = None
) -> BatchSensors:
    """Return the soft sensors of a batch and the computed tags of its vessel, or those of the given names.

    A running batch ends now. Of a batch longer than 60 days the first 60 are computed.

    Raises:
        BatchInputError: a name is of neither.
    """
    now = now or datetime.now(UTC)
    computed = list(batch.vessel.computed_tags.all())
    check_names(names, [tag.name for tag in computed])
    chosen = [sensor for name, sensor in SOFT_SENSORS.items() if not names or name in names]
    start, end = batch.start or now, clipped_end(batch, now)
    roles = {role for sensor in chosen for role in sensor.roles}
    course = read_course(batch.vessel, start, min(end, start + LONGEST), roles)
    values = role_values(course.channels)
    hour = elapsed_h(batch, course.start_us)
    inputs = SensorInputs(hour, values.measured, constants_of(batch.vessel), lab_results(batch))
    remarks = (*([IS_CUT] if end - start > LONGEST else []), *wrong_constants(batch.vessel))
    wanted = [tag for tag in computed if not names or tag.name in names]
    return BatchSensors(
        course.start_us,
        hour,
        (
            *(soft_sensor(sensor, inputs, values.problems, remarks) for sensor in chosen),
            *computed_series(wanted, course.start_us),
        ),
    )


def check_names(names: Collection[str], computed: Collection[str]) -> None:
    """Check that each name is one of a soft sensor or a computed tag.

    Raises:
        BatchInputError: one is not.
    """
    known = [*SOFT_SENSORS, *computed]
    for name in names:
        if name not in known:
            raise BatchInputError(
                f"unknown soft sensor {name!r}; expected one of {', '.join(known)}", "sensor"
            )


def role_values(channels: Iterable[Channel]) -> RoleValues:
    """Return the measured channels in the units of the formulas: means, and maxima of totalisers."""
    measured: dict[str, FloatArray] = {}
    problems: dict[str, str] = {}
    for channel in channels:
        role, tag = channel.key.role, channel.tags[-1]
        if channel.key.function != TagFunction.MEASURED or role not in UNITS:
            continue
        conversion = conversion_of(role, channel.unit)
        values = channel.maximum if ROLES[role].is_total else channel.mean
        if conversion is None:
            problems[role] = unit_error(role, tag, channel.unit)
        elif not np.isfinite(values).any():
            problems[role] = f"No values of {tag} in this batch."
        else:
            measured[role] = values * conversion[0] + conversion[1]
    return RoleValues(measured, problems)


def constants_of(vessel: Vessel) -> dict[str, float]:
    """Return the constants of a vessel that soft sensors know and accept."""
    given = {"working_volume_l": vessel.working_volume_l, **vessel.constants}
    return {name: float(value) for name, value in given.items() if constant_error(name, value) is None}


def wrong_constants(vessel: Vessel) -> list[str]:
    """Return a sentence for each constant that soft sensors know and do not accept."""
    errors = (constant_error(name, value) for name, value in vessel.constants.items() if name in CONSTANTS)
    return [f"The vessel's constant {error}" for error in errors if error]


def lab_results(batch: Batch) -> list[LabResult]:
    """Return the results that tell biomass, by elapsed time in hours."""
    return [
        LabResult(elapsed_of(batch, result.sample.taken_at), result.analyte, result.value)
        for result in current_results(batch)
        if result.analyte in BIOMASS_ANALYTES
    ]


def soft_sensor(
    sensor: SoftSensor, inputs: SensorInputs, problems: Mapping[str, str], remarks: Collection[str]
) -> SensorSeries:
    """Return the series of one soft sensor."""
    missing = missing_for(sensor.name, inputs.measured, inputs.constants, problems)
    values = np.full(len(inputs.hour), np.nan) if missing else compute(sensor.name, inputs)
    if not missing and not np.isfinite(values).any():
        missing = [NO_VALUE_YET]
    more = remarks_for(sensor.name, inputs.measured, samples=bool(inputs.samples))
    return SensorSeries(
        name=sensor.name,
        title=sensor.title,
        unit=sensor.unit,
        decimals=sensor.decimals,
        formula=sensor.formula,
        source=sensor.source,
        is_computed=False,
        inputs=sensor.roles,
        constants=tuple(constant_json(name, inputs.constants) for name in sensor.constants),
        missing=tuple(missing),
        remarks=() if missing else (*more, *remarks),
        values=values,
    )


def constant_json(name: str, constants: Mapping[str, float]) -> dict[str, Any]:
    """Return the JSON object of a constant: the value in use, null if there is none, and its origin."""
    known = CONSTANTS[name]
    return {
        "name": name,
        "title": known.title,
        "unit": known.unit,
        "value": constants.get(name, known.default),
        "assumed": name not in constants and known.default is not None,
    }


def gains_of(vessel: Vessel, now: datetime) -> list[dict[str, Any]]:
    """Return the roles and constants that the vessel lacks now and that alone complete soft sensors.

    Each as ``name``, ``kind`` ("role" or "constant"), ``title``, ``unit``, and ``adds``: the titles of the
    soft sensors.
    """
    bound = bindings_between(vessel, now, now + timedelta(microseconds=1))
    roles = {binding.role for binding in bound if binding.function == TagFunction.MEASURED}
    constants = constants_of(vessel)
    lacking = [
        *(("role", name, ROLES[name].title, ROLES[name].unit) for name in UNITS if name not in roles),
        *(
            ("constant", name, each.title, each.unit)
            for name, each in CONSTANTS.items()
            if name not in constants
        ),
    ]
    found = [
        {"name": name, "kind": kind, "title": title, "unit": unit, "adds": gain_of(name, roles, constants)}
        for kind, name, title, unit in lacking
    ]
    return [gain for gain in found if gain["adds"]]
