"""Deviations of a batch in plain words."""

from collections.abc import Mapping, Sequence
from math import isfinite

from monitoring.batches.vessel_roles import role_title
from monitoring.batches.watch.channels import RATE
from monitoring.batches.watch.contributing import ChannelAt
from monitoring.batches.watch.families import CHANGED, DRIFTED, FOREST, OFF_COURSE, SURPRISE
from monitoring.batches.watch.residuals import RESIDUALS

MOST_CHANNELS = 3
IN_ORDER = "All channels are within their limits."
STILL = "has not changed at all for 10 min or more"
NOT_COMPARED = "The batch is not compared with golden batches at this time."
# Above and below the usual course.
BALANCE_WORDS: Mapping[str, tuple[str, str]] = {
    "rK": (
        "oxygen transfer (kLa and dissolved oxygen) above the oxygen uptake of the off-gas",
        "oxygen transfer (kLa and dissolved oxygen) below the oxygen uptake of the off-gas",
    ),
    "rH": (
        "heat above what the oxygen uptake explains",
        "heat below what the oxygen uptake explains",
    ),
    "rB": ("more base than the oxygen uptake explains", "less base than the oxygen uptake explains"),
    "rQ": ("more CO2 than the oxygen uptake explains", "less CO2 than the oxygen uptake explains"),
    "rF": ("more carbon fed than is respired", "less carbon fed than is respired"),
    "rW": ("the weight rises more than the pumps explain", "the weight rises less than the pumps explain"),
}
FAMILY_WORDS: Mapping[str, tuple[str, str]] = {
    OFF_COURSE: ("above golden batches", "below golden batches"),
    CHANGED: ("rises against golden batches", "falls against golden batches"),
    DRIFTED: ("drifts up against golden batches", "drifts down against golden batches"),
    FOREST: ("unusual together with others", "unusual together with others"),
    SURPRISE: ("suddenly higher than predicted", "suddenly lower than predicted"),
}


def deviation_sentence(contributions: Sequence[ChannelAt], minutes: int | None = None) -> str:
    """Return a deviation in words: the largest contribution with its values, and two more.

    ``minutes`` is the length of a deviation that has ended.
    """
    if not contributions:
        return "The batch is not like golden batches."
    texts = [contribution_text(each) for each in contributions[:MOST_CHANNELS]]
    first = texts[0] + values_text(contributions[0])
    lasted = "" if minutes is None else f", for {minutes} min"
    return capitalised("; ".join([first, *texts[1:]])) + lasted + "."


def minute_sentence(contributions: Sequence[ChannelAt], *, limit: float) -> str:
    """Return what is unusual in one minute: the channels with a ratio above the limit."""
    if not contributions:
        return NOT_COMPARED
    unusual = [each for each in contributions if each.contribution.ratio > limit]
    return deviation_sentence(unusual) if unusual else IN_ORDER


def contribution_text(found: ChannelAt) -> str:
    """Return how one channel differs, in the middle of a sentence."""
    name, is_below = found.channel.name, found.contribution.statistic < 0
    if name in BALANCE_WORDS:
        return BALANCE_WORDS[name][is_below]
    if name in RESIDUALS:
        side = "below" if is_below else "above"
        return f"{in_sentence(role_title(RESIDUALS[name].role))} {side} the usual distance to its setpoint"
    if found.is_still and found.contribution.family == SURPRISE:
        return f"{in_sentence(title_of(found))} {STILL}"
    return f"{in_sentence(title_of(found))} {FAMILY_WORDS[found.contribution.family][is_below]}"


def title_of(found: ChannelAt) -> str:
    """Return the title of a channel; that of a tag without role is its name."""
    return found.channel.title or found.channel.name.removeprefix("other.").removesuffix(RATE)


def values_text(found: ChannelAt) -> str:
    """Return value and usual value in parentheses; empty for balances, whose numbers say little."""
    if found.channel.name in BALANCE_WORDS or not (isfinite(found.value) and isfinite(found.usual)):
        return ""
    unit = f" {found.channel.unit}" if found.channel.unit else ""
    value, usual = numbers_apart(found.value, found.usual)
    return f" ({value}{unit}, usually {usual}{unit})"


def numbers_apart(value: float, usual: float) -> tuple[str, str]:
    """Return two numbers with as many decimals as show their difference in two digits."""
    difference = abs(value - usual)
    decimals = next((each for each in range(4) if difference >= 10 ** (1 - each)), 4)
    return f"{value:.{decimals}f}", f"{usual:.{decimals}f}"


def in_sentence(title: str) -> str:
    """Return a title with a small first letter, but for abbreviations as pH and CO2."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def capitalised(text: str) -> str:
    """Return a sentence with a capital letter, but for pH."""
    return text if text.startswith("pH") else text[:1].upper() + text[1:]
