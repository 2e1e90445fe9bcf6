"""The roles of a vessel's tags: title and unit of each, and a guess by name and unit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """A role. ``unit`` is the unit that formulas expect; ``tolerance`` is the normal spread of good batches.

    ``words`` are parts of tag names, ``units`` are units of tags that make a guess of this role plausible.
    """

    name: str
    title: str
    unit: str
    tolerance: float | None = None
    words: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    is_total: bool = False


OTHER = "other"
ROLES = {
    role.name: role
    for role in (
        Role("temperature", "Temperature", "°C", 0.3, ("temp", "temperature"), ("°C", "C", "degC")),
        Role("ph", "pH", "pH", 0.1, ("ph",), ("pH",)),
        Role("dissolved_oxygen", "Dissolved oxygen", "%", 8, ("do", "po2", "do2", "dot"), ("%", "% sat")),
        Role(
            "agitation",
            "Agitation",
            "rpm",
            60,
            ("rpm", "stir", "stirrer", "agitator", "agitation", "speed"),
            ("rpm", "1/min"),
        ),
        Role("air_flow", "Air flow", "L/min", 0.4, ("air", "aeration", "airflow"), ("L/min", "l/min")),
        Role("pressure", "Head pressure", "bar", 0.03, ("press", "pressure"), ("bar", "mbar")),
        Role("offgas_o2", "O2 in the off-gas", "%", 0.3, ("o2", "offo2", "xo2"), ("%", "vol%")),
        Role("offgas_co2", "CO2 in the off-gas", "%", 0.3, ("co2", "offco2", "xco2"), ("%", "vol%")),
        Role("feed_rate", "Feed rate", "mL/min", 0.1, ("feed",), ("mL/min", "ml/min")),
        Role("base_total", "Base added", "mL", 0.15, ("base", "naoh", "nh4oh"), ("mL", "ml"), is_total=True),
        Role("acid_total", "Acid added", "mL", None, ("acid",), ("mL", "ml"), is_total=True),
        Role(
            "antifoam_total", "Antifoam added", "mL", None, ("antifoam", "foam"), ("mL", "ml"), is_total=True
        ),
        Role("weight", "Weight", "kg", 0.1, ("weight", "mass", "scale"), ("kg",)),
        Role("jacket_temperature", "Jacket temperature", "°C", 1.5, ("jacket",), ("°C", "C", "degC")),
        Role("volume", "Volume", "L", None, ("volume", "vol", "level"), ("L", "l")),
        Role(OTHER, "Other", ""),
    )
}


def role_title(role: str) -> str:
    """Return the title of a role; of a role that this version does not know, its name in words."""
    return ROLES[role].title if role in ROLES else role.replace("_", " ")
