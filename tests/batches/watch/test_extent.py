"""How far a batch is watched, in sentences."""

from dataclasses import replace

import numpy as np
import pytest

from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.extent import FIRST_HOUR, NO_ROLES, NO_TAGS, extent_message
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch.watching import watch
from tests.batches.watch.made_batches import NEW, begin_of, golden, minutes, without

ALL_ROLES = ("temperature", "dissolved_oxygen", "base_total")


@pytest.fixture(scope="module")
def model() -> WatchModel:
    return fit_watch(golden(3))


def message(model: WatchModel, batch: BatchMinutes) -> str:
    return extent_message(model, batch, watch(model, batch))


def test_roles_that_are_missing(model: WatchModel) -> None:
    expected = (
        "Balances against the oxygen uptake are not watched. No tag has the role: O2 in the off-gas,"
        " CO2 in the off-gas, Air flow."
    )
    assert message(model, minutes(NEW)) == expected
    assert message(model, without(minutes(NEW), *ALL_ROLES)) == NO_ROLES
    made = minutes(NEW)
    gas = dict.fromkeys(("offgas_o2", "offgas_co2", "air_flow"), np.full(len(made.phase), 1.0))
    complete = replace(
        made, inputs=replace(made.inputs, measured={**made.inputs.measured, **gas}, derived={})
    )
    assert message(model, complete) == ""


def test_a_batch_that_has_just_begun_or_is_in_no_phase(model: WatchModel) -> None:
    young = begin_of(minutes(NEW), 60)  # half an hour before the inoculation, half an hour after
    assert message(model, young).startswith(FIRST_HOUR)
    elsewhere = replace(minutes(NEW), phases=("cleaning", "filling"))
    assert message(model, elsewhere) == (
        "The batch has no minute in a phase of the golden profile (growth, feed): begin a phase."
    )
    nothing = replace(without(minutes(NEW), *ALL_ROLES), others={})
    assert message(model, nothing) == NO_TAGS


def test_a_small_profile_is_said() -> None:
    assert message(fit_watch(golden(1)), minutes(NEW)).startswith("The golden profile has 1 batch: limits")
    assert message(fit_watch(golden(2)), minutes(NEW)).startswith("The golden profile has 2 batches:")
