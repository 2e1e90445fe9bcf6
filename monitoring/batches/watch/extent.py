"""How far a batch is watched, and what would help: sentences for people."""

from collections.abc import Iterator

import numpy as np

from monitoring.batches.golden.references import FEW
from monitoring.batches.vessel_roles import role_title
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.limits import WARM_UP
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.watching import WatchResult

LONGEST = 500
NO_PROFILE = (
    "No golden profile: only tags are watched by their own detectors."
    " Freeze a profile of 3 or more good batches."
)
NO_MODEL = "The batches of the golden profile have too few minute values: freeze a new one."
NOT_STARTED = "The batch has not started."
NO_TAGS = "No tag of the vessel has values in this batch: bind tags to the vessel."
NO_ROLES = (
    "No tag has a role: tags are watched, balances are not. Set roles on the page of the vessel to tell probe"
    " from process."
)
FIRST_HOUR = "Deviations are found from the second hour of the phases on."
GAS_ROLES = ("offgas_o2", "offgas_co2", "air_flow")


def extent_message(model: WatchModel, batch: BatchMinutes, result: WatchResult, remark: str = "") -> str:
    """Return how far a batch is watched, at most 500 characters; empty if by all means."""
    found = ""
    for sentence in filter(None, (*sentences(model, batch, result), remark)):
        if len(found) + len(sentence) < LONGEST:
            found = f"{found} {sentence}".strip()
    return found


def sentences(model: WatchModel, batch: BatchMinutes, result: WatchResult) -> Iterator[str]:
    """Yield the sentences, the most important first."""
    if not batch.inputs.measured and not batch.others:
        yield NO_TAGS
        return
    if not np.isfinite(result.score).any():
        yield from no_score(model)
        return
    if np.isfinite(result.score).sum() < WARM_UP:
        yield FIRST_HOUR
    if model.members < FEW:
        yield few_members(model.members)
    yield from missing_roles(batch)


def no_score(model: WatchModel) -> Iterator[str]:
    """Yield why no minute has a score."""
    names = ", ".join(phase.name for phase in model.phases)
    yield f"The batch has no minute in a phase of the golden profile ({names}): begin a phase."


def few_members(members: int) -> str:
    """Return what a small profile means."""
    number = "1 batch" if members == 1 else f"{members} batches"
    return f"The golden profile has {number}: limits are wide. With 3 or more good batches more is found."


def missing_roles(batch: BatchMinutes) -> Iterator[str]:
    """Yield which roles would let balances be watched."""
    roles = batch.inputs.measured
    if not roles:
        yield NO_ROLES
        return
    if missing := [role for role in GAS_ROLES if role not in roles]:
        titles = ", ".join(role_title(role) for role in missing)
        yield f"Balances against the oxygen uptake are not watched. No tag has the role: {titles}."
