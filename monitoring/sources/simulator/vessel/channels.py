"""Channels of the demo vessel: its tags, with noise and role."""

from dataclasses import dataclass

from monitoring.kernel.tag_definition import TagDefinition, TagKind

VESSEL = "demo-1"
PREFIX = "demo1."


@dataclass(frozen=True, slots=True)
class DemoChannel:
    """One signal of the vessel. ``noise`` is the standard deviation of the sensor, 0 without one.

    ``role`` and ``function`` are those of the vessel's binding. ``rests`` tells whether the sensor shows 0
    without noise while there is nothing to measure.
    """

    definition: TagDefinition
    decimals: int
    noise: float
    role: str
    function: str = "measured"
    rests: bool = False


Bounds = tuple[float | None, float | None]


def channel(
    name: str,
    shown: str,
    unit: str,
    valid: tuple[float, float],
    limits: Bounds,
    decimals: int,
    noise: float,
    role: str,
    *,
    kind: TagKind = TagKind.ANALOG,
    rests: bool = False,
) -> DemoChannel:
    """Return a channel and its tag."""
    definition = TagDefinition(
        PREFIX + name,
        unit,
        *valid,
        *limits,
        description=f"{shown} of the simulated vessel {VESSEL}",
        group=VESSEL,
        display_name=shown,
        kind=kind,
    )
    function = "setpoint" if kind is TagKind.SETPOINT else "measured"
    return DemoChannel(definition, decimals, noise, role, function, rests)


NONE: Bounds = (None, None)
SETPOINT, COUNTER = TagKind.SETPOINT, TagKind.COUNTER
CHANNELS = (
    channel("temp", "Temperature", "°C", (0, 60), (15, 40), 2, 0.02, "temperature"),
    channel("ph", "pH", "pH", (2, 12), (6, 8), 3, 0.004, "ph"),
    channel("do", "Dissolved oxygen", "%", (0, 150), (None, 120), 1, 0.3, "dissolved_oxygen"),
    channel("rpm", "Agitation", "rpm", (0, 1500), (None, 1300), 0, 1.5, "agitation", rests=True),
    channel("air", "Air flow", "L/min", (0, 12), (None, 8), 2, 0.03, "air_flow", rests=True),
    channel("press", "Pressure", "bar", (0, 2), (None, 0.5), 3, 0.002, "pressure", rests=True),
    channel("o2", "Off-gas O2", "%", (0, 25), (10, 23), 3, 0.008, "offgas_o2"),
    channel("co2", "Off-gas CO2", "%", (0, 20), (None, 12), 3, 0.008, "offgas_co2"),
    channel("feed", "Feed rate", "mL/min", (0, 5), (None, 3.5), 3, 0.01, "feed_rate", rests=True),
    channel("base", "Base total", "mL", (0, 10_000), NONE, 2, 0, "base_total", kind=COUNTER),
    channel("weight", "Weight", "kg", (0, 25), (None, 16), 3, 0.002, "weight"),
    channel("jacket", "Jacket temperature", "°C", (0, 90), (None, 65), 2, 0.05, "jacket_temperature"),
    channel("antifoam", "Antifoam total", "mL", (0, 100), NONE, 2, 0, "antifoam_total", kind=COUNTER),
    channel("rpm_sp", "Agitation setpoint", "rpm", (0, 1500), NONE, 0, 0, "agitation", kind=SETPOINT),
    channel("jacket_sp", "Jacket setpoint", "°C", (0, 90), NONE, 2, 0, "jacket_temperature", kind=SETPOINT),
    channel("feed_sp", "Feed setpoint", "mL/min", (0, 5), NONE, 3, 0, "feed_rate", kind=SETPOINT),
)
NAMES = tuple(each.definition.name for each in CHANNELS)
COLUMNS = {name: column for column, name in enumerate(NAMES)}
