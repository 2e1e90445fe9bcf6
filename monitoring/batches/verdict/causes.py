"""The causes that a verdict can name, with a sentence each."""

from dataclasses import dataclass

PROBE, PROCESS, UNDECIDED = "probe", "process", "undecided"


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause of a deviation: its class, its subject, and the reason in a sentence for the page.

    ``balance`` is the only balance that a faulty probe changes; then the sentence counts estimates instead.
    """

    name: str
    says: str
    about: str
    sentence: str
    balance: str = ""


CAUSES = {
    cause.name: cause
    for cause in (
        Cause(
            "stuck",
            PROBE,
            "temperature",
            "The temperature has not changed at all for 10 min: the probe is stuck.",
        ),
        Cause("agitator", PROCESS, "agitator", "The agitator is slower than it should be."),
        Cause("air", PROCESS, "air", "The air flow is below its setpoint."),
        Cause(
            "jump", PROBE, "temperature", "The temperature reading has jumped, and heat does not explain it."
        ),
        Cause("cooling", PROCESS, "cooling", "The jacket is warmer than its setpoint: cooling is missing."),
        Cause("base", PROCESS, "base", "The pH falls though base is dosed: the base does not arrive."),
        Cause(
            "control",
            PROCESS,
            "control",
            "The temperature is off its setpoint, and heat explains it: setpoint or control.",
        ),
        Cause(
            "o2",
            PROBE,
            "o2",
            "The other estimates of O2 uptake differ alike from the off-gas: only the O2 analyser is off.",
        ),
        Cause("co2", PROBE, "co2", "Only CO2 differs: the CO2 analyser.", "rQ"),
        Cause("do", PROBE, "do", "Only O2 uptake by kLa and DO differs: the DO probe.", "rK"),
        Cause(
            "heat",
            PROBE,
            "heat",
            "Only the heat balance differs: a temperature probe of broth or jacket.",
            "rH",
        ),
        Cause("ph", PROBE, "ph", "Only base differs, while pH is at its setpoint: the pH probe.", "rB"),
        Cause("weight", PROBE, "weight", "Only the weight differs from what the pumps deliver.", "rW"),
        Cause(
            "feed",
            PROCESS,
            "feed",
            "Scale and O2 uptake agree: the feed is not what the pump says.",
        ),
        Cause(
            "culture",
            PROCESS,
            "culture",
            "More acid and CO2 for the O2 taken up: the metabolism has changed, or another organism grows.",
        ),
        Cause(
            "kla", PROCESS, "kla", "Less O2 is transferred since antifoam was dosed: the DO probe is right."
        ),
    )
}
