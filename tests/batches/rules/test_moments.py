"""The moments of successive batches as a function of minute values: whatever arrives when."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import event, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitoring.batches.rules.moments import (
    BatchMoments,
    PhaseBegin,
    RecipeStep,
    RecomputedMoments,
    RuledMoment,
    RuleScope,
    recompute,
)
from monitoring.batches.rules.reading import finder
from monitoring.batches.rules.rule import BatchRule, VesselRules
from monitoring.batches.rules.writing import differs, times

MINUTE_US = 60_000_000
NAN = float("nan")
MINUTES = 60
ROLES = ("volume", "dissolved_oxygen", "feed_rate", "weight")
RULES = VesselRules(
    start=BatchRule("volume", "above", 0, for_s=120),
    inoculation=BatchRule("dissolved_oxygen", "above", 0, for_s=120),
    end=BatchRule("weight", "above", 0, for_s=180),
)
RECIPE = (
    RecipeStep("growth"),
    RecipeStep("feed", BatchRule("feed_rate", "above", 0, for_s=180)),
    RecipeStep("induction", BatchRule("feed_rate", "below", 0)),
)
Values = dict[str, NDArray[np.float64]]


def follow(
    chain: Sequence[BatchMoments],
    values: Values,
    until: int = MINUTES,
    *,
    rules: VesselRules = RULES,
    recipe: tuple[RecipeStep, ...] = RECIPE,
) -> RecomputedMoments:
    """Return the outcome of a pass at a minute, with numbers as the new batches would get."""
    means = {(role, "measured"): mean[:until] for role, mean in values.items()}
    find = finder(np.arange(until) * MINUTE_US, means)
    outcome = recompute(chain, rules, recipe, find, RuleScope(0, 0, until * MINUTE_US))
    numbered = tuple(replace(batch, pk=number) for number, batch in enumerate(outcome.batches))
    return replace(outcome, batches=numbered)


def minutes(batch: BatchMoments) -> tuple[int | None, int | None, dict[str, int], int | None]:
    """Return start, inoculation, phases and end in minutes."""
    start, inoculation, end, *phases = times(batch)

    def minute(at_us: object) -> int | None:
        return at_us // MINUTE_US if isinstance(at_us, int) else None

    begins = {phase.name: phase.at_us // MINUTE_US for phase in batch.phases}
    assert len(phases) == len(begins)
    return minute(start), minute(inoculation), begins, minute(end)


def signal(*true: range, of: int = MINUTES) -> NDArray[np.float64]:
    """Return minute values: 1 in the ranges, else 0."""
    return np.array([float(any(minute in span for span in true)) for minute in range(of)])


def plant(**true: range) -> Values:
    """Return minute values of all roles."""
    return {role: signal(true[role]) if role in true else signal() for role in ROLES}


RUN = plant(
    volume=range(5, 40), dissolved_oxygen=range(10, 60), feed_rate=range(20, 60), weight=range(45, 50)
)


def test_a_batch_from_start_to_end_by_rules() -> None:
    (batch,) = follow([], RUN).batches
    assert minutes(batch) == (5, 10, {"growth": 10, "feed": 20}, 45)


def test_the_end_comes_before_a_phase_whose_rule_holds_later() -> None:
    (batch,) = follow([], RUN | {"feed_rate": signal(range(50, 60))}).batches
    assert minutes(batch) == (5, 10, {"growth": 10}, 45)


def test_two_rules_in_one_minute_take_turns() -> None:
    at_once = range(10, 60)
    values = plant(volume=at_once, dissolved_oxygen=at_once, feed_rate=at_once, weight=at_once)
    without_end = replace(RULES, end=None)
    (batch,) = follow([], values, rules=without_end).batches
    assert minutes(batch) == (10, 10, {"growth": 10, "feed": 11}, None)
    # The end holds as soon as the batch has begun, before its next step.
    assert minutes(follow([], values).batches[0]) == (10, 10, {"growth": 10, "feed": 11}, 12)


def test_a_step_waits_for_the_time_after_the_step_before() -> None:
    late = replace(RULES, inoculation=replace(RULES.inoculation, after_s=1200))
    (batch,) = follow([], RUN, rules=late).batches
    assert minutes(batch) == (5, 25, {"growth": 25, "feed": 26}, 45)


def test_the_first_phase_may_have_the_rule_of_the_inoculation() -> None:
    recipe = (RecipeStep("growth", BatchRule("weight", "above", 0)), RecipeStep("feed"))
    (batch,) = follow([], RUN, rules=replace(RULES, end=None), recipe=recipe).batches
    assert minutes(batch) == (5, 45, {"growth": 45}, None)


def test_a_vessel_that_stays_as_it_is_after_a_batch_starts_no_other() -> None:
    ended = BatchMoments(0, RuledMoment(0), RuledMoment(0), end=RuledMoment(20 * MINUTE_US))
    assert follow([ended], RUN).batches == (ended,)
    again = RUN | {"volume": signal(range(5, 25), range(30, 60))}
    assert minutes(follow([ended], again).batches[1])[0] == 30


def test_late_data_remove_an_inoculation_and_its_phases() -> None:
    chain = follow([], RUN).batches
    (batch,) = follow(chain, RUN | {"dissolved_oxygen": signal()}).batches
    assert minutes(batch) == (5, None, {}, 45)


def test_late_data_let_a_batch_run_on() -> None:
    (batch,) = follow(follow([], RUN).batches, RUN | {"weight": signal()}).batches
    assert minutes(batch) == (5, 10, {"growth": 10, "feed": 20}, None)


def test_a_batch_stays_when_late_data_remove_its_start() -> None:
    chain = follow([], RUN).batches
    outcome = follow(chain, RUN | {"volume": signal()})
    assert outcome.lost_starts == {0}
    assert minutes(outcome.batches[0]) == (5, 10, {"growth": 10, "feed": 20}, 45)


def test_an_end_that_is_lost_stays_before_the_next_batch() -> None:
    chain = follow([], RUN).batches
    chain = (*chain, BatchMoments(1, RuledMoment(50 * MINUTE_US)))
    outcome = follow(chain, RUN | {"weight": signal()})
    assert outcome.lost_ends == {0}
    assert minutes(outcome.batches[0])[3] == 45


def test_a_phase_of_a_person_stays_and_others_come_before_and_after() -> None:
    values = RUN | {"weight": signal(), "feed_rate": RUN["feed_rate"].copy()}
    person = BatchMoments(0, RuledMoment(0), recipe=(*RECIPE, RecipeStep("harvest")))
    values["feed_rate"][30:] = -1
    begun = replace(person, phases=(PhaseBegin("harvest", 40 * MINUTE_US),))
    (batch,) = follow([begun], values).batches
    assert minutes(batch) == (0, 10, {"growth": 10, "feed": 20, "induction": 30, "harvest": 40}, None)


def test_a_skipped_phase_is_not_caught_up() -> None:
    person = BatchMoments(0, RuledMoment(0), RuledMoment(0), recipe=RECIPE)
    begun = replace(person, phases=(PhaseBegin("growth", 0), PhaseBegin("induction", 15 * MINUTE_US)))
    (batch,) = follow([begun], RUN, rules=VesselRules()).batches
    assert minutes(batch) == (0, 0, {"growth": 0, "induction": 15}, None)


def test_a_batch_without_recipe_has_the_phases_of_its_people() -> None:
    begun = BatchMoments(
        0, RuledMoment(0), phases=(PhaseBegin("a", MINUTE_US), PhaseBegin("b", 30 * MINUTE_US))
    )
    (batch,) = follow([begun], RUN).batches
    assert minutes(batch) == (0, 10, {"a": 1, "b": 30}, 45)


def test_a_rule_that_holds_since_before_the_data_that_are_read_has_an_unknown_time() -> None:
    start_us = (100 + np.arange(MINUTES)) * MINUTE_US
    rule = BatchRule("weight", "above", 0)
    for values, minute in ((signal(range(60)), None), (signal(range(30), range(40, 60)), 140)):
        find = finder(start_us, {("weight", "measured"): values})
        assert find(rule, 0, 10**12) == (None if minute is None else minute * MINUTE_US)
        assert find(rule, 100 * MINUTE_US, 10**12) == 100 * MINUTE_US
        assert find(replace(rule, role="ph"), 0, 10**12) is None


def joined(runs: list[tuple[float, int]]) -> NDArray[np.float64]:
    """Return minute values of runs, each a value and its number of minutes; from the begin again if short."""
    return np.resize(np.concatenate([np.full(count, value) for value, count in runs]), MINUTES)


signals = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.integers(1, 15)), min_size=4, max_size=12).map(
    joined
)
plants = st.fixed_dictionaries(dict.fromkeys(ROLES, signals))
passes = st.sets(st.integers(1, MINUTES + 30), max_size=6)
delays = st.lists(st.sampled_from([0, 0, 0, 0, 1, 5, 30]), min_size=4 * MINUTES, max_size=4 * MINUTES)


def known_at(values: Values, late: list[int], now: int) -> Values:
    """Return the values that have arrived by a minute."""
    arrives = np.arange(MINUTES) + np.array(late).reshape(len(ROLES), MINUTES)
    return {role: np.where(arrives[place] < now, values[role], NAN) for place, role in enumerate(ROLES)}


@given(plants, delays, passes)
def test_the_order_of_arrival_does_not_matter(values: Values, late: list[int], looks: set[int]) -> None:
    chain: tuple[BatchMoments, ...] = ()
    for now in [*sorted(looks), MINUTES + 30]:
        outcome = follow(chain, known_at(values, late, now), min(now, MINUTES))
        again = follow(outcome.batches, known_at(values, late, now), min(now, MINUTES))
        assert not any(map(differs, outcome.batches, again.batches)), "a second pass changes nothing"
        chain = outcome.batches
    at_once = follow([], values).batches
    event(f"{len(at_once)} batches")
    assert len(chain) >= len(at_once) or outcome.lost_starts or outcome.lost_ends
    if not outcome.lost_starts and not outcome.lost_ends:
        assert [times(batch) for batch in chain] == [times(batch) for batch in at_once]


@given(plants, delays, passes, st.integers(0, MINUTES), st.data())
def test_no_rule_moves_the_moment_of_a_person(
    values: Values, late: list[int], looks: set[int], act: int, data: st.DataObject
) -> None:
    chain: tuple[BatchMoments, ...] = ()
    fixed: list[int] = []
    for now in [*sorted(looks), MINUTES + 30]:
        chain = follow(chain, known_at(values, late, now), min(now, MINUTES)).batches
        if chain and now >= act and not fixed:
            place = data.draw(st.integers(0, len(chain) - 1))
            chain, fixed = confirmed(
                chain, place, data.draw(st.sampled_from(["start", "inoculation", "end"]))
            )
        assert all(at in fixed_in(chain) for at in fixed)
        assert in_order(chain)


def confirmed(
    chain: tuple[BatchMoments, ...], place: int, name: str
) -> tuple[tuple[BatchMoments, ...], list[int]]:
    """Return the batches after a person has confirmed a moment of one, and its time."""
    moment: RuledMoment | None = getattr(chain[place], name)
    if moment is None:
        return chain, []
    change: Any = {name: RuledMoment(moment.at_us)}
    batch = replace(chain[place], **change)
    return (*chain[:place], batch, *chain[place + 1 :]), [moment.at_us]


def fixed_in(chain: tuple[BatchMoments, ...]) -> list[int]:
    return [at for batch in chain for at in batch.fixed()]


def in_order(chain: tuple[BatchMoments, ...]) -> bool:
    """Return whether batches follow each other without overlap, and moments within each batch."""
    for batch, following in zip(chain, (*chain[1:], None), strict=False):
        begins = [phase.at_us for phase in batch.phases]
        stop = batch.end.at_us if batch.end else 10**12
        if begins != sorted(set(begins)) or not batch.start.at_us <= batch.last_us() <= stop:
            return False
        if following and stop > following.start.at_us:
            return False
    return True
