"""The moments of a vessel's batches as a function of minute values, rules and acts of people. No database.

A moment is *open* if a rule made it less than 24 h ago and no person confirmed it: such moments are found
anew from all data each time, so that the order in which readings arrive does not matter. Other moments are
*fixed*. All times are integer microseconds since 1970.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from monitoring.batches.rules.rule import BatchRule, VesselRules
from monitoring.kernel.clock import SECOND_US

STARTS_AT_ONCE = 20  # a rule that flickers may not fill the table in one pass


@dataclass(frozen=True, slots=True)
class RuledMoment:
    """A moment of a batch."""

    at_us: int
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class PhaseBegin:
    """The begin of a phase."""

    name: str
    at_us: int
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """A phase of a recipe. The rule of the first phase is a rule for the inoculation."""

    name: str
    rule: BatchRule | None = None


@dataclass(frozen=True, slots=True)
class BatchMoments:
    """The moments of a batch; ``pk`` is None for a batch that a rule starts. ``phases`` in order of time.

    ``withdrawn`` has moments that a person took back: "inoculation", "end" or "phase " and a name, with the
    time. A rule sets such a moment only later, and after it has been false.
    """

    pk: int | None
    start: RuledMoment
    inoculation: RuledMoment | None = None
    phases: tuple[PhaseBegin, ...] = ()
    end: RuledMoment | None = None
    recipe: tuple[RecipeStep, ...] = ()
    withdrawn: tuple[tuple[str, int], ...] = ()

    def fixed(self) -> list[int]:
        """Return the times of the fixed moments."""
        moments = (self.start, self.inoculation, self.end, *self.phases)
        return [moment.at_us for moment in moments if moment and not moment.is_open]

    def last_us(self) -> int:
        """Return the time of the last moment before the end."""
        moments = (self.start, self.inoculation, *self.phases)
        return max(moment.at_us for moment in moments if moment)


class Find(Protocol):
    """Find the first minute from ``from_us`` on, and before ``before_us``, at which a rule holds.

    ``change_since_us``: the rule must have been false in a minute since then.
    """

    def __call__(
        self, rule: BatchRule, from_us: int, before_us: int, *, change_since_us: int | None = None
    ) -> int | None: ...


@dataclass(frozen=True, slots=True)
class RuleScope:
    """The times of a pass: data from ``floor_us`` to ``until_us``; no start is set before ``oldest_us``.

    ``floor_us`` is the end of the batch before, if that is later than the oldest data.
    """

    floor_us: int
    oldest_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class RecomputedMoments:
    """The batches after a pass, in order of time, and those whose start or end no rule finds any more."""

    batches: tuple[BatchMoments, ...]
    lost_starts: frozenset[int]
    lost_ends: frozenset[int]


def recompute(
    chain: Sequence[BatchMoments],
    rules: VesselRules,
    recipe: tuple[RecipeStep, ...],
    find: Find,
    scope: RuleScope,
) -> RecomputedMoments:
    """Return the moments of successive batches, and of batches that the start rule adds after them.

    ``recipe`` is for added batches. A batch is never removed: its start stays where no start is found.
    """
    pass_ = Pass(rules, find, scope)
    lost: frozenset[int] = frozenset()
    while True:
        batches, newly_lost = pass_.follow(chain, lost)
        if newly_lost is None:
            break
        lost |= {newly_lost}
    lost_ends = pass_.lost_ends
    batches = [*batches, *pass_.added(batches, recipe)]
    return RecomputedMoments(tuple(batches), lost, frozenset(lost_ends))


class Pass:
    """One computation of the moments of a vessel's batches."""

    def __init__(self, rules: VesselRules, find: Find, scope: RuleScope) -> None:
        self.rules, self.find, self.scope = rules, find, scope
        self.lost_ends: set[int] = set()

    def follow(
        self, chain: Sequence[BatchMoments], lost: frozenset[int]
    ) -> tuple[list[BatchMoments], int | None]:
        """Return the batches; and the first one whose start is not found, unless known as lost."""
        chain = [
            replace(batch, start=RuledMoment(batch.start.at_us)) if batch.pk in lost else batch
            for batch in chain
        ]
        self.lost_ends = set()
        found: list[BatchMoments] = []
        floor_us = self.scope.floor_us
        for index, batch in enumerate(chain):
            later = [at for each in chain[index + 1 :] for at in each.fixed()]
            ceiling_us = min([self.scope.until_us, *later])
            start = self.start_of(batch, floor_us, ceiling_us)
            if start is None:
                return found, batch.pk
            batch = self.from_start(replace(batch, start=start), ceiling_us)
            found.append(self.with_end(batch, chain[index]) if index + 1 < len(chain) else batch)
            floor_us = found[-1].end.at_us if found[-1].end else floor_us
        return found, None

    def start_of(self, batch: BatchMoments, floor_us: int, ceiling_us: int) -> RuledMoment | None:
        """Return the start; None if the rule no longer holds where it may."""
        rule = self.rules.start
        if not batch.start.is_open or rule is None:
            return batch.start
        at = self.new_start(rule, floor_us, min([ceiling_us, *(each + 1 for each in batch.fixed())]))
        return None if at is None else RuledMoment(at, True)

    def new_start(self, rule: BatchRule, floor_us: int, before_us: int) -> int | None:
        """Return the first time after ``floor_us`` at which the start rule becomes true."""
        from_us = max(floor_us + rule.after_s * SECOND_US, self.scope.oldest_us)
        return self.find(rule, from_us, before_us, change_since_us=floor_us)

    def with_end(self, batch: BatchMoments, before: BatchMoments) -> BatchMoments:
        """Return a batch that another one follows: it has an end, if need be the one of before."""
        if batch.end is not None or before.end is None:
            return batch
        if batch.pk is not None:
            self.lost_ends.add(batch.pk)
        return replace(batch, end=replace(before.end, at_us=max(before.end.at_us, batch.last_us())))

    def from_start(self, batch: BatchMoments, ceiling_us: int) -> BatchMoments:
        """Return the batch with inoculation, phases and end that follow from its start."""
        return Conduct(batch, self.rules, self.find, ceiling_us).batch()

    def added(self, batches: list[BatchMoments], recipe: tuple[RecipeStep, ...]) -> list[BatchMoments]:
        """Return the batches that the start rule adds after those that exist."""
        new: list[BatchMoments] = []
        last = batches[-1] if batches else None
        while self.rules.start and len(new) < STARTS_AT_ONCE and (last is None or last.end):
            floor_us = last.end.at_us if last and last.end else self.scope.floor_us
            at = self.new_start(self.rules.start, floor_us, self.scope.until_us)
            if at is None:
                break
            last = BatchMoments(None, RuledMoment(at, True), recipe=recipe)
            new.append(last := self.from_start(last, self.scope.until_us))
        return new


@dataclass(frozen=True, slots=True)
class RuledStep:
    """A step of a batch, the inoculation (``name`` None) or the begin of a phase; ``at_us`` if fixed."""

    name: str | None
    rule: BatchRule | None
    at_us: int | None


class Conduct:
    """Go through the steps of a batch: the next step or the end comes, by the rule that holds first."""

    def __init__(self, batch: BatchMoments, rules: VesselRules, find: Find, ceiling_us: int) -> None:
        self._batch, self._find, self._ceiling_us = batch, find, ceiling_us
        is_found = rules.end is not None and (batch.end is None or batch.end.is_open)
        self._end_rule = rules.end if is_found else None
        self._steps = steps_of(batch, rules)
        self._last_us = batch.start.at_us
        self._inoculation: RuledMoment | None = None
        self._phases: list[PhaseBegin] = []

    def batch(self) -> BatchMoments:
        """Return the batch with all moments."""
        end = self._end_on_the_way() or self._end()
        batch = replace(self._batch, inoculation=self._inoculation, phases=tuple(self._phases), end=end)
        first = first_phase(self._batch, batch)
        return replace(batch, phases=(first, *batch.phases)) if first else batch

    def _end_on_the_way(self) -> RuledMoment | None:
        """Take the steps; return the end if its rule holds before the next step."""
        must = max((index for index, step in enumerate(self._steps) if step.at_us is not None), default=-1)
        for index, step in enumerate(self._steps):
            at = self._time_of(step, index)
            if at is None and index > must:
                return None
            if at is not None:
                if index > must and (end := self._found_end(at)):
                    return end
                self._take(step, at)
        return None

    def _time_of(self, step: RuledStep, index: int) -> int | None:
        if step.at_us is not None or step.rule is None:
            return step.at_us
        later = [each.at_us for each in self._steps[index:] if each.at_us is not None]
        if self._batch.end and not self._end_rule:
            later.append(self._batch.end.at_us)
        first = self._last_us + step.rule.after_s * SECOND_US + (step.name is not None)
        key = "inoculation" if step.name is None else f"phase {step.name}"
        return self._search(step.rule, key, first, min([self._ceiling_us, *later]))

    def _search(self, rule: BatchRule, key: str, from_us: int, before_us: int) -> int | None:
        """Return the first time at which the rule holds, after that of a withdrawn moment."""
        withdrawn_us = max((at for name, at in self._batch.withdrawn if name == key), default=None)
        if withdrawn_us is None or withdrawn_us < from_us:
            return self._find(rule, from_us, before_us)
        return self._find(rule, withdrawn_us + 1, before_us, change_since_us=withdrawn_us)

    def _take(self, step: RuledStep, at: int) -> None:
        is_open = step.at_us is None
        if step.name is None:
            self._inoculation = RuledMoment(at, is_open)
        else:
            self._phases.append(PhaseBegin(step.name, at, is_open))
        self._last_us = max(self._last_us, at)

    def _found_end(self, before_us: int) -> RuledMoment | None:
        """Return the first time after the last step at which the end rule holds."""
        if self._end_rule is None:
            return None
        first = self._last_us + self._end_rule.after_s * SECOND_US + 1
        at = self._search(self._end_rule, "end", first, before_us)
        return None if at is None else RuledMoment(at, True)

    def _end(self) -> RuledMoment | None:
        return self._found_end(self._ceiling_us) if self._end_rule else self._batch.end


def steps_of(batch: BatchMoments, rules: VesselRules) -> list[RuledStep]:
    """Return inoculation and phases: fixed phases in order, and between them those of the recipe with a rule.

    The first phase of the recipe begins with the inoculation and is no step, unless a person began it; then
    the inoculation may come later.
    """
    rule_of = {step.name: step.rule for step in batch.recipe[1:]}
    fixed = [phase for phase in batch.phases if is_fixed(phase, batch, rule_of)]
    names = [step.name for step in batch.recipe]
    phases: list[RuledStep] = []
    reached = 0
    for phase in fixed:
        place = names.index(phase.name) if phase.name in names else reached
        phases += [RuledStep(name, rule_of[name], None) for name in names[reached + 1 : place]]
        phases.append(RuledStep(phase.name, None, phase.at_us))
        reached = place
    phases += [RuledStep(name, rule_of[name], None) for name in names[reached + 1 :]]
    inoculation = inoculation_step(batch, rules)
    is_first = bool(fixed) and (not names or fixed[0].name == names[0])
    return [*phases[:is_first], inoculation, *phases[is_first:]]


def is_fixed(phase: PhaseBegin, batch: BatchMoments, rule_of: dict[str, BatchRule | None]) -> bool:
    """Return whether the begin of a phase stays: fixed, or without a rule that could find it anew."""
    if batch.recipe and phase.name == batch.recipe[0].name:
        return not phase.is_open
    return not phase.is_open or rule_of.get(phase.name) is None


def inoculation_step(batch: BatchMoments, rules: VesselRules) -> RuledStep:
    """Return the step of the inoculation. The rule of the recipe's first phase comes before the vessel's."""
    rule = (batch.recipe[0].rule if batch.recipe else None) or rules.inoculation
    is_stored = batch.inoculation is not None and not (batch.inoculation.is_open and rule)
    return RuledStep(None, rule, batch.inoculation.at_us if batch.inoculation and is_stored else None)


def first_phase(before: BatchMoments, batch: BatchMoments) -> PhaseBegin | None:
    """Return the begin of the recipe's first phase, with the inoculation, if rules set one of both."""
    if not batch.recipe or batch.inoculation is None:
        return None
    name = batch.recipe[0].name
    is_stored = any(phase.name == name and phase.is_open for phase in before.phases)
    is_taken = any(phase.name == name for phase in batch.phases)
    is_late = bool(batch.phases) and batch.inoculation.at_us >= batch.phases[0].at_us
    if is_taken or is_late or not (is_stored or batch.inoculation.is_open):
        return None
    return PhaseBegin(name, batch.inoculation.at_us, is_open=True)
