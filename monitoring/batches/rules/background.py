"""Follow the rules of all vessels, once a minute: find moments, move those that late data move."""

import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import locked_vessel
from monitoring.batches.rules.moments import RecipeStep, RecomputedMoments, recompute
from monitoring.batches.rules.reading import (
    Situation,
    read_finder,
    read_situation,
    unbound_roles,
    vessels_with_rules,
    with_batches,
)
from monitoring.batches.rules.writing import add_batch, change_batch, differs
from monitoring.database import leases
from monitoring.database.write_lock import write_lock
from monitoring.kernel.lease_names import BATCH_RULES
from monitoring.models import RuleProblem, Vessel

logger = logging.getLogger(__name__)

Recipes = dict[str, tuple[RecipeStep, ...]]
LEASE = timedelta(seconds=50)  # shorter than the minute between two passes
FAILED = "The rules failed, and the log says more: set the moments by hand, and report the error."


def follow_rules(*, now: datetime | None = None, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Follow the rules of all active vessels, unless another process does. Return how many vessels changed.

    Raises:
        django.db.Error: the database is away.
    """
    now = now or datetime.now(UTC)
    vessels = list(vessels_with_rules(now))
    if not vessels:
        return 0
    owner = uuid.uuid4().hex
    with write_lock(), transaction.atomic():
        if leases.hold(BATCH_RULES, owner, now=datetime.now(UTC), duration=LEASE) is None:
            return 0
    recipes: Recipes = {}
    try:
        return sum(follow_vessel(vessel, now, recipes) for vessel in vessels if not should_stop())
    finally:
        leases.release(BATCH_RULES, owner)


def follow_vessel(vessel: Vessel, now: datetime, recipes: Recipes) -> bool:
    """Follow the rules of a vessel; return whether a batch changed. Errors are stored as its problem.

    Raises:
        django.db.Error: the database is away.
    """
    try:
        outcome, problem = find_moments(vessel, now, recipes)
        is_changed = outcome is not None
        if is_changed:
            problem = write_moments(vessel, now)
    except (BatchInputError, BatchConflictError, UnknownBatchError) as error:
        is_changed, problem = False, worded(error)
    except (InterfaceError, OperationalError):
        raise
    except Exception:  # one vessel never stops the others
        is_changed, problem = False, FAILED
        if problem != problem_of(vessel):
            logger.exception("rules of a vessel failed", extra={"vessel": vessel.name})
    tell(vessel, problem, now)
    return is_changed


def find_moments(vessel: Vessel, now: datetime, recipes: Recipes) -> tuple[RecomputedMoments | None, str]:
    """Return the moments, if any differs from the stored ones, and the problem of the rules."""
    situation = read_situation(vessel, now, recipes)
    outcome = outcome_of(situation, now)
    stored = situation.chain
    is_equal = len(outcome.batches) == len(stored) and not any(map(differs, stored, outcome.batches))
    return (None if is_equal else outcome), problem_in(situation, outcome, now)


def outcome_of(situation: Situation, now: datetime) -> RecomputedMoments:
    """Return the moments of the vessel's batches by all data stored now."""
    find = read_finder(situation, now)
    return recompute(situation.chain, situation.rules, situation.recipe, find, situation.scope)


def write_moments(vessel: Vessel, now: datetime) -> str:
    """Lock the vessel, find the moments again and store them. Return the problem of the rules.

    Raises:
        BatchInputError, BatchConflictError, UnknownBatchError: the moments do not fit; nothing is stored.
    """
    with locked_vessel(vessel.name) as locked:
        situation = read_situation(with_batches(Vessel.objects.filter(pk=locked.pk), now).get(), now)
        outcome = outcome_of(situation, now)
        for batch, stored, found in zip(situation.batches, situation.chain, outcome.batches, strict=False):
            if differs(stored, found):
                change_batch(batch, found)
                logger.info("batch follows its rules", extra={"batch": batch.name})
        start = situation.rules.start
        for found in outcome.batches[len(situation.chain) :]:
            batch = add_batch(locked, found, start.recipe if start else "")
            logger.info("batch started by a rule", extra={"batch": batch.name})
        return problem_in(situation, outcome, now)


def problem_in(situation: Situation, outcome: RecomputedMoments, now: datetime) -> str:
    """Return the problem that a person has to solve; empty if there is none."""
    if missing := unbound_roles(situation, now):
        return f"No tag of the vessel has the role that a rule needs: {', '.join(missing)}. Bind one."
    names = {batch.pk: batch.name for batch in situation.batches}
    for lost, moment in ((outcome.lost_starts, "start"), (outcome.lost_ends, "end")):
        if lost:
            return (
                f"By late data the rule no longer finds the {moment} of batch {names[min(lost)]}:"
                f" confirm or correct the {moment}, or abort the batch."
            )
    return ""


def worded(error: Exception) -> str:
    """Return an error of the rules as a problem."""
    field = f"{error.field}: " if isinstance(error, BatchInputError) else ""
    return f"{field}{error}"


def problem_of(vessel: Vessel) -> str:
    """Return the problem of the vessel's rules; empty if there is none."""
    stored: RuleProblem | None = getattr(vessel, "rule_problem", None)
    return stored.text if stored else ""


def tell(vessel: Vessel, problem: str, now: datetime) -> None:
    """Store the problem of a vessel's rules, and log it once; delete it when solved."""
    if problem == problem_of(vessel):
        return
    if problem:
        with write_lock():
            RuleProblem.objects.update_or_create(vessel=vessel, defaults={"text": problem, "since": now})
        logger.warning("rules of a vessel have a problem", extra={"vessel": vessel.name, "problem": problem})
    else:
        with write_lock():
            RuleProblem.objects.filter(vessel=vessel).delete()
        logger.info("rules of a vessel work again", extra={"vessel": vessel.name})
