"""Conversion of tags' units to the units of the formulas, by role."""

from collections.abc import Mapping

from monitoring.batches.vessel_roles import ROLES

Conversion = tuple[float, float]  # factor and offset to the unit of the formulas
SAME: Conversion = (1.0, 0.0)

TEMPERATURES: Mapping[str, Conversion] = {**dict.fromkeys(("°c", "c", "degc"), SAME), "k": (1.0, -273.15)}
FRACTIONS: Mapping[str, Conversion] = {
    **dict.fromkeys(("%", "% v/v", "vol%", "vol.-%", "mol%"), SAME),
    "mol/mol": (100.0, 0.0),
    "ppm": (1e-4, 0.0),
}
VOLUMES: Mapping[str, Conversion] = {"ml": SAME, "l": (1000.0, 0.0)}
UNITS: Mapping[str, Mapping[str, Conversion]] = {
    "temperature": TEMPERATURES,
    "dissolved_oxygen": dict.fromkeys(("%", "% sat", "% air sat", "%do"), SAME),
    "agitation": {
        **dict.fromkeys(("rpm", "1/min", "u/min"), SAME),
        **dict.fromkeys(("1/s", "rps", "hz"), (60.0, 0.0)),
    },
    "air_flow": {
        **dict.fromkeys(("l/min", "nl/min", "sl/min", "slpm", "nlpm", "lpm"), SAME),
        **dict.fromkeys(("ml/min", "sccm"), (1e-3, 0.0)),
        **dict.fromkeys(("l/h", "nl/h"), (1 / 60, 0.0)),
        **dict.fromkeys(("m3/h", "nm3/h"), (1000 / 60, 0.0)),
    },
    "pressure": {
        **dict.fromkeys(("bar", "barg", "bar(g)", "bar g"), SAME),
        **dict.fromkeys(("mbar", "hpa"), (1e-3, 0.0)),
        "kpa": (0.01, 0.0),
        **dict.fromkeys(("psi", "psig"), (0.0689476, 0.0)),
    },
    "offgas_o2": FRACTIONS,
    "offgas_co2": FRACTIONS,
    "feed_rate": {
        "ml/min": SAME,
        "ml/h": (1 / 60, 0.0),
        "l/h": (1000 / 60, 0.0),
        "l/min": (1000.0, 0.0),
    },
    "base_total": VOLUMES,
    "weight": {"kg": SAME, "g": (1e-3, 0.0)},
    "jacket_temperature": TEMPERATURES,
    "volume": {"l": SAME, "ml": (1e-3, 0.0), "m3": (1000.0, 0.0)},
}


def conversion_of(role: str, unit: str) -> Conversion | None:
    """Return how to convert from a tag's unit to the role's; None if unknown.

    An empty unit counts as the right one.
    """
    return SAME if not unit else UNITS[role].get(plain(unit))


def plain(unit: str) -> str:
    """Return a unit in lower case, without blanks around a slash, exponents as digits."""
    short = unit.strip().lower().replace(" /", "/").replace("/ ", "/")
    return (
        short.replace("³", "3").replace("·min⁻¹", "/min").replace(" min-1", "/min").replace("min⁻¹", "1/min")
    )


def unit_error(role: str, tag: str, unit: str) -> str:
    """Return that a tag's unit cannot be converted, and the remedy."""
    expected = ", ".join(UNITS[role])
    return (
        f"The unit {unit!r} of {tag} is unknown for the role {role} (formulas need {ROLES[role].unit});"
        f" give the tag one of {expected}."
    )
