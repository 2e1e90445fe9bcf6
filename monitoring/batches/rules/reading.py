"""Read all that the moments of a vessel's batches follow from: rules, stored moments, minute values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import numpy as np
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery

from monitoring.batches.course import MINUTE_US, bound_us
from monitoring.batches.finding import find_recipe
from monitoring.batches.rules.judging import FloatArray, IntArray, first_minute
from monitoring.batches.rules.moments import (
    BatchMoments,
    Find,
    PhaseBegin,
    RecipeStep,
    RuledMoment,
    RuleScope,
)
from monitoring.batches.rules.rule import BatchRule, VesselRules, parse_rule, parse_rules
from monitoring.history.rollup_rows import read_minute_means
from monitoring.kernel.clock import MICROSECOND, from_micros, to_micros
from monitoring.models import Batch, BatchState, MomentSource, Recipe, RecipePhase, Vessel, VesselTag

FOLLOWED = timedelta(hours=24)  # a moment by a rule follows late data for that long
LOOK_BACK = 2 * FOLLOWED  # a start rule must have been false within that time before
LONGEST = timedelta(days=10)  # of a running batch, minutes before that are not read again


@dataclass(frozen=True, slots=True)
class Situation:
    """A vessel with its rules and the batches that may still change, in order of time."""

    vessel: Vessel
    rules: VesselRules
    batches: tuple[Batch, ...]
    chain: tuple[BatchMoments, ...]
    recipe: tuple[RecipeStep, ...]
    scope: RuleScope

    def bindings(self, start: datetime, end: datetime) -> list[VesselTag]:
        """Return the bindings that touch the time from ``start`` to ``end`` (exclusive)."""
        bound: list[VesselTag] = self.vessel.bound  # type: ignore[attr-defined]
        return [
            each
            for each in bound
            if (each.begin is None or each.begin < end) and (each.end is None or each.end > start)
        ]

    def all_rules(self) -> list[BatchRule]:
        """Return the rules of the vessel and of its batches' recipes."""
        steps = [step for recipe in (self.recipe, *(batch.recipe for batch in self.chain)) for step in recipe]
        found = (self.rules.start, self.rules.inoculation, self.rules.end, *(step.rule for step in steps))
        return [rule for rule in found if rule is not None]


def vessels_with_rules(now: datetime) -> QuerySet[Vessel]:
    """Return the active vessels with rules, a problem of rules, or a recent batch whose recipe has rules."""
    phases = RecipePhase.objects.filter(recipe=OuterRef("recipe"), start_rule__isnull=False)
    batches = recent_batches(now).filter(Exists(phases), vessel=OuterRef("pk"))
    has_rules = ~Q(rules={}) | Q(rule_problem__isnull=False) | Exists(batches)
    return with_batches(Vessel.objects.filter(has_rules, is_active=True), now)


def with_batches(vessels: QuerySet[Vessel], now: datetime) -> QuerySet[Vessel]:
    """Load vessels with all that ``read_situation`` needs, by a few statements for all of them.

    ``recent`` has the batches that may change, ``earlier_end`` is the end of the batch before those.
    """
    batches = recent_batches(now).order_by("start", "pk").select_related("recipe")
    batches = batches.prefetch_related("phases", "recipe__phases", "withdrawn_moments")
    earlier = Batch.objects.filter(vessel=OuterRef("pk"), end__lt=now - FOLLOWED).order_by("-end")
    return (
        vessels.select_related("rule_problem")
        .annotate(earlier_end=Subquery(earlier.values("end")[:1]))
        .prefetch_related(
            Prefetch("batches", batches, to_attr="recent"),
            Prefetch("bindings", VesselTag.objects.select_related("tag").order_by("id"), to_attr="bound"),
        )
        .order_by("pk")
    )


def recent_batches(now: datetime) -> QuerySet[Batch]:
    """Return the batches that run, or that ended so recently that late data may move their moments."""
    started = Batch.objects.exclude(state=BatchState.PLANNED)
    return started.filter(Q(end=None) | Q(end__gte=now - FOLLOWED))


def read_situation(
    vessel: Vessel, now: datetime, recipes: dict[str, tuple[RecipeStep, ...]] | None = None
) -> Situation:
    """Return rules and batches of a vessel that ``with_batches`` has loaded.

    ``recipes`` has the newest version of recipes that were read before, by name, and takes further ones.

    Raises:
        BatchInputError: a rule is no valid rule.
        UnknownBatchError: the start rule names an unknown recipe.
    """
    rules = parse_rules(vessel.rules)
    batches = tuple(vessel.recent)  # type: ignore[attr-defined]  # see ``with_batches``
    chain = tuple(moments_of(batch, now) for batch in batches)
    name = rules.start.recipe if rules.start else ""
    recipes = {} if recipes is None else recipes
    if name and name not in recipes:
        recipes[name] = steps_of(find_recipe(name))
    return Situation(vessel, rules, batches, chain, recipes.get(name, ()), scope_of(vessel, now))


def moments_of(batch: Batch, now: datetime) -> BatchMoments:
    """Return the moments of a stored batch. Those of a golden batch are fixed: a person has judged it."""

    def follows(at: datetime, source: str) -> bool:
        return not batch.is_golden and is_open(at, source, now)

    def moment(at: datetime, source: str) -> RuledMoment:
        return RuledMoment(to_micros(at), follows(at, source))

    start = cast("datetime", batch.start)  # only planned batches have none
    inoculated_at, end = batch.inoculated_at, batch.end
    phases = tuple(
        PhaseBegin(phase.name, to_micros(phase.start), follows(phase.start, phase.source))
        for phase in batch.phases.all()
    )
    return BatchMoments(
        pk=batch.pk,
        start=moment(start, batch.start_source),
        inoculation=inoculated_at and moment(inoculated_at, batch.inoculation_source),
        phases=phases,
        end=end and moment(end, batch.end_source),
        recipe=steps_of(batch.recipe) if batch.recipe else (),
        withdrawn=tuple((each.moment, to_micros(each.at)) for each in batch.withdrawn_moments.all()),
    )


def is_open(at: datetime, source: str, now: datetime) -> bool:
    """Return whether a moment follows late data."""
    return source == MomentSource.RULE and at >= now - FOLLOWED


def steps_of(recipe: Recipe) -> tuple[RecipeStep, ...]:
    """Return the phases of a recipe with their rules.

    Raises:
        BatchInputError: a rule is no valid rule.
    """
    return tuple(RecipeStep(phase.name, rule_of(recipe, phase)) for phase in recipe.phases.all())


def rule_of(recipe: Recipe, phase: RecipePhase) -> BatchRule | None:
    """Return the rule for the begin of a phase."""
    if phase.start_rule is None:
        return None
    return parse_rule(phase.start_rule, f"recipe {recipe}, phase {phase.name}")


def scope_of(vessel: Vessel, now: datetime) -> RuleScope:
    """Return the times of a pass. The minute of ``now`` is incomplete and does not count."""
    floor = now - LOOK_BACK
    earlier_end: datetime | None = vessel.earlier_end  # type: ignore[attr-defined]
    floor_us = to_micros(max(floor, earlier_end or floor))
    return RuleScope(floor_us, to_micros(now - FOLLOWED), to_micros(now) // MINUTE_US * MINUTE_US)


def read_finder(situation: Situation, now: datetime) -> Find:
    """Return the search for the first minute of a rule, on the minute values of the vessel."""
    scope, chain = situation.scope, situation.chain
    is_start_sought = not chain or chain[0].start.is_open
    first_us = scope.floor_us if is_start_sought else chain[0].start.at_us
    first = max(from_micros(first_us), now - LONGEST)
    start_us = np.arange(to_micros(first) // MINUTE_US * MINUTE_US, scope.until_us, MINUTE_US)
    roles = {(rule.role, rule.function) for rule in situation.all_rules()}
    bindings = situation.bindings(first, from_micros(scope.until_us)) if len(start_us) else []
    means: dict[tuple[str, str], FloatArray] = {}
    for binding in bindings:
        if (key := (binding.role, binding.function)) in roles:
            put_means(means.setdefault(key, np.full(len(start_us), np.nan)), binding, start_us)
    return finder(start_us, means)


def put_means(mean: FloatArray, binding: VesselTag, start_us: IntArray) -> None:
    """Put the minute means of a tag into those of its role, for the time in which the tag is bound."""
    first_us, stop_us = bound_us(binding, int(start_us[0]), int(start_us[-1]) + MINUTE_US)
    if first_us < stop_us:
        first = (first_us - int(start_us[0])) // MINUTE_US
        found = read_minute_means(binding.tag_id, first_us, stop_us)
        mean[first : first + len(found)] = found


def finder(start_us: IntArray, means: dict[tuple[str, str], FloatArray]) -> Find:
    """Return the search on complete minutes: ``start_us`` and the means by role and function, shape (n,)."""

    def find(
        rule: BatchRule, from_us: int, before_us: int, *, change_since_us: int | None = None
    ) -> int | None:
        mean = means.get((rule.role, rule.function))
        if mean is None:
            return None
        # Before the first minute read the rule may have been true already: then its time is unknown.
        is_cut = from_us < int(start_us[0])
        first = int(start_us.searchsorted(from_us if change_since_us is None else change_since_us))
        found = first_minute(
            rule,
            start_us[first:],
            mean[first:],
            from_us=from_us,
            needs_change=is_cut or change_since_us is not None,
        )
        return found if found is not None and found < before_us else None

    return find


def unbound_roles(situation: Situation, now: datetime) -> list[str]:
    """Return the roles of rules that no tag of the vessel has now."""
    bound = {(each.role, each.function) for each in situation.bindings(now, now + MICROSECOND)}
    missing = {(rule.role, rule.function) for rule in situation.all_rules()} - bound
    return sorted(role if function == "measured" else f"{role} ({function})" for role, function in missing)
