"""The texts of the pages of vessels and batches."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitoring.batches.vessel_roles import ROLES, role_title
from monitoring.dashboard import words
from monitoring.kernel.clock import parse_timestamp
from monitoring.models import MomentSource, TagFunction

HOUR_S = 3_600
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
STATE_WORDS = {"planned": "planned", "running": "running", "complete": "complete", "aborted": "aborted"}
SOURCE_WORDS: dict[str, str] = {
    MomentSource.PERSON: "by a person",
    MomentSource.API: "by the API",
    MomentSource.RULE: "by rule",
}
FUNCTION_WORDS: dict[str, str] = {
    TagFunction.MEASURED: "measured value",
    TagFunction.SETPOINT: "setpoint",
    TagFunction.OUTPUT: "controller output",
}
RULE_TITLES = {"start": "Start", "inoculation": "Inoculation", "end": "End"}
# What a tag in this role would add to the batches of a vessel that has none.
ROLE_GAINS = {
    "temperature": "solubility of oxygen, metabolic heat",
    "ph": "balance of acid and base",
    "dissolved_oxygen": "oxygen uptake from kLa, start of the inoculation by rule",
    "agitation": "kLa, power of the stirrer",
    "air_flow": "oxygen uptake, CO2 evolution and RQ from the off-gas; kLa",
    "pressure": "solubility of oxygen at the true head pressure",
    "offgas_o2": "oxygen uptake (OUR), RQ, biomass and growth rate",
    "offgas_co2": "CO2 evolution (CER), RQ",
    "feed_rate": "carbon balance, begin of the feed phase by rule",
    "base_total": "acid production, a second estimate of growth",
    "acid_total": "acid consumption",
    "antifoam_total": "why kLa falls after a dose of antifoam",
    "weight": "volume of the broth, end of the batch by rule",
    "jacket_temperature": "metabolic heat, a third estimate of oxygen uptake",
    "volume": "rates per litre without a scale",
}


def rule_text(rule: Mapping[str, Any]) -> str:
    """Return a rule in words, such as "Dissolved oxygen below 95 % for 10 min"."""
    subject = role_title(str(rule.get("role", "")))
    unit = ROLES[rule["role"]].unit if rule.get("role") in ROLES else ""
    if (function := rule.get("function")) in (TagFunction.SETPOINT, TagFunction.OUTPUT):
        subject += f", {FUNCTION_WORDS[function]}"
    if "falls_percent" in rule:
        text = (
            f"{subject} falls by {rule['falls_percent']:g} % within {seconds_text(rule.get('within_s', 0))}"
        )
    else:
        side = next((each for each in ("above", "below") if each in rule), "")
        text = f"{subject} {side} {rule.get(side, 0):g} {unit}".rstrip()
    lasting = f" for {seconds_text(rule['for_s'])}" if rule.get("for_s") else ""
    after = (
        f", not before {seconds_text(rule['after_s'])} after the moment before" if rule.get("after_s") else ""
    )
    recipe = f"; recipe {rule['recipe']}" if rule.get("recipe") else ""
    return f"{text}{lasting}{after}{recipe}"


def header_text(value: Any) -> str:
    """Return the value of a header field in words."""
    words_of = {True: "yes", False: "no"}
    return "" if value is None else words_of[value] if isinstance(value, bool) else str(value)


def seconds_text(seconds: float) -> str:
    """Return a duration such as "10 min"."""
    return words.duration_text(float(seconds))


def elapsed_text(hours: float | None) -> str:
    """Return an elapsed time as hours and minutes, negative before the inoculation; empty for None."""
    if hours is None:
        return ""
    return f"{'−' if hours < 0 else ''}{words.duration_text(abs(hours) * HOUR_S)}"


def sentence(error: Exception) -> str:
    """Return the message of an error as a sentence, in the words of the page instead of the API's."""
    text = str(error).partition("; GET ")[0].replace("send end_previous", "tick 'End the running batch'")
    text = ISO_TIME.sub(lambda found: words.moment_text(parse_timestamp(found[0]), datetime.now(UTC)), text)
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
