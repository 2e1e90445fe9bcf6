"""Sentences of verdicts and estimates for the page, and verdicts as JSON."""

import math
from collections.abc import Sequence
from typing import Any

from monitoring.batches.soft_sensors.constants import CONSTANTS
from monitoring.batches.verdict.causes import CAUSES, UNDECIDED
from monitoring.batches.verdict.estimates import Estimate
from monitoring.batches.verdict.judging import Verdict
from monitoring.batches.vessel_roles import role_title
from monitoring.kernel.arrays import number_or_none


def verdict_words(verdict: Verdict) -> str:
    """Return the reason of a verdict; if undecided, the measurements that would decide."""
    if verdict.says == UNDECIDED:
        return undecided_words(verdict)
    cause = CAUSES[verdict.cause]
    accused = next((each for each in verdict.estimates if each.name == cause.balance), None)
    if accused is None or math.isnan(accused.difference):
        return cause.sentence
    return probe_words(accused, verdict.estimates)


def undecided_words(verdict: Verdict) -> str:
    """Return why there is no verdict."""
    if not verdict.missing:
        return "Undecided: no single cause explains the balances yet."
    names = listed([input_title(name) for name in verdict.missing])
    return f"Undecided: {names} would help to decide."


def probe_words(accused: Estimate, estimates: Sequence[Estimate]) -> str:
    """Return how many estimates agree, and what the only probe that differs says."""
    known = [each for each in estimates if each.agrees is not None]
    agreeing = sum(bool(each.agrees) for each in known)
    others = [each.probe for each in known if not each.agrees and each.name != accused.name]
    counted = f"{agreeing} of {len(known)} independent estimates agree"
    if others:
        return f"{counted}; the {accused.probe} stands out most: {amount_words(accused)}."
    return f"{counted}; only the {accused.probe} says {amount_words(accused)}."


def amount_words(estimate: Estimate) -> str:
    """Return the difference of an estimate in words."""
    size = abs(estimate.difference)
    shown = f"{size:.1f} g/min" if estimate.name == "rW" else f"{100 * size:.0f} %"
    if not float(shown.split()[0]):
        return "no difference"
    return f"{shown} {'more' if estimate.difference > 0 else 'less'}"


def estimate_words(estimate: Estimate) -> str:
    """Return an estimate in words."""
    if estimate.needs:
        return f"Not known without {listed([input_title(name) for name in estimate.needs])}."
    if estimate.agrees is None:
        return "Not known here."
    return f"{'As usual' if estimate.agrees else 'Differs'}: {amount_words(estimate)}."


def input_title(name: str) -> str:
    """Return the title of a role or constant in the middle of a sentence."""
    return CONSTANTS[name].title if name in CONSTANTS else role_title(name)


def listed(names: Sequence[str]) -> str:
    """Return names with commas and "and"."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON; ``minute`` is the index of its strongest minute in the batch."""
    return {
        "says": verdict.says,
        "about": verdict.about,
        "sentence": verdict_words(verdict),
        "evidence": number_or_none(verdict.evidence),
        "minute": verdict.minute,
        "is_shown": verdict.is_shown,
        "missing": list(verdict.missing),
        "estimates": [estimate_json(estimate) for estimate in verdict.estimates],
    }


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON."""
    return {
        "name": estimate.name,
        "title": estimate.title,
        "probe": estimate.probe,
        "difference": number_or_none(estimate.difference),
        "agrees": estimate.agrees,
        "needs": list(estimate.needs),
        "sentence": estimate_words(estimate),
    }
