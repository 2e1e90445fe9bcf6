"""The six estimates, their needs, and their words."""

import numpy as np
import pytest

from monitoring.batches.soft_sensors.constants import CONSTANTS
from monitoring.batches.verdict.causes import CAUSES, PROBE, PROCESS
from monitoring.batches.verdict.checks import CHECKS
from monitoring.batches.verdict.estimates import KINDS, Estimate, needs_of
from monitoring.batches.verdict.signatures import SIGNATURES
from monitoring.batches.verdict.words import amount_words, estimate_json, estimate_words, listed
from monitoring.batches.vessel_roles import ROLES
from monitoring.batches.watch.residuals import BALANCES

NO_CONSTANTS: frozenset[str] = frozenset()


def estimate(name: str, difference: float, *, agrees: bool | None, needs: tuple[str, ...] = ()) -> Estimate:
    return Estimate(name, KINDS[name].title, KINDS[name].probe, difference, agrees, needs)


def test_needs_are_roles_and_constants() -> None:
    roles = frozenset(("air_flow", "offgas_o2", "offgas_co2", "weight"))
    assert needs_of(KINDS["rQ"], roles, frozenset(("tare_kg",))) == ()
    assert needs_of(KINDS["rB"], roles, frozenset(("tare_kg",))) == ("base_total", "base_mol_l")
    assert needs_of(KINDS["rW"], roles, NO_CONSTANTS) == ("feed_rate", "base_total")


@pytest.mark.parametrize("name", KINDS)
def test_each_need_is_a_known_role_or_constant(name: str) -> None:
    needs = needs_of(KINDS[name], frozenset(), NO_CONSTANTS)
    assert needs
    assert all(need in ROLES or need in CONSTANTS for need in needs)


def test_the_six_estimates_are_the_balances() -> None:
    assert tuple(KINDS) == BALANCES


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (estimate("rK", 0.234, agrees=False), "Differs: 23 % more."),
        (estimate("rB", -0.02, agrees=True), "As usual: 2 % less."),
        (estimate("rW", -1.24, agrees=False), "Differs: 1.2 g/min less."),
        (estimate("rF", np.nan, agrees=None), "Not known here."),
        (
            estimate("rQ", np.nan, agrees=None, needs=("offgas_co2", "tare_kg")),
            "Not known without CO2 in the off-gas and weight of the empty vessel.",
        ),
    ],
)
def test_estimates_in_words(made: Estimate, words: str) -> None:
    assert estimate_words(made) == words
    assert estimate_json(made)["sentence"] == words


def test_an_unknown_difference_is_null() -> None:
    assert estimate_json(estimate("rF", np.nan, agrees=None))["difference"] is None


def test_no_difference_is_neither_more_nor_less() -> None:
    assert amount_words(estimate("rK", 0.001, agrees=True)) == "no difference"


def test_lists_in_words() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_every_cause_is_known_by_name() -> None:
    named = {check.cause for check in CHECKS} | {each.cause for each in SIGNATURES} | {"kla"}
    assert named == set(CAUSES)
    assert {cause.says for cause in CAUSES.values()} == {PROBE, PROCESS}
