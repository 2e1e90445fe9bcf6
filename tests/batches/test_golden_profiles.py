"""Golden profiles in the database: chosen, frozen, immutable; the hash of their inputs; the band."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import Error as DatabaseError
from django.db import transaction

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.golden.bands import LINES, Band, read_band
from monitoring.batches.golden.freezing import NewProfile, freeze, has_changed, preview, set_profile
from monitoring.batches.golden.reading import hash_of, read_member
from monitoring.batches.lifecycle import NewBatch, plan_batch, start_batch
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Profile, Recipe, Vessel
from tests.batches.golden_plant import FEED_MINUTES, MINUTE, NOON, make_batch, make_recipe, make_vessel, store

pytestmark = pytest.mark.django_db
ANN = Actor("ann", "login")
LATER = NOON + timedelta(days=30)


@pytest.fixture
def vessel() -> Vessel:
    return make_vessel()


@pytest.fixture
def recipe() -> Recipe:
    return make_recipe()


@pytest.fixture
def batches(vessel: Vessel, recipe: Recipe) -> list[Batch]:
    """Three alike, and one with the DO 20 % higher in the feed phase."""
    return [make_batch(vessel, number, recipe, offset=20 * (number == 4)) for number in (1, 2, 3, 4)]


def frozen(batches: list[Batch], name: str = "standard") -> Profile:
    return freeze(NewProfile(name, [batch.pk for batch in batches]), actor=ANN)


def band_of(batch: Batch, tag: str, points: int = 600) -> Band | None:
    binding = batch.vessel.bindings.get(tag__name=tag)
    return read_band(batch, binding, points=points, now=LATER)


def test_the_odd_batch_has_the_highest_score(batches: list[Batch]) -> None:
    profile = frozen(batches)
    scores = {member.batch.name: member for member in profile.members.all()}
    assert max(scores, key=lambda name: scores[name].score or 0) == "b4"
    assert scores["b4"].largest["channel"] == "dissolved_oxygen"
    assert scores["b4"].largest["difference"] == pytest.approx(20, abs=1)
    assert profile.recipe == batches[0].recipe
    assert profile.made_by == "ann"


def test_a_frozen_profile_neither_changes_nor_goes(batches: list[Batch]) -> None:
    profile = frozen(batches)
    acts = [
        lambda: Profile.objects.filter(pk=profile.pk).update(note="other"),
        lambda: Profile.objects.filter(pk=profile.pk).delete(),
        lambda: profile.members.update(score=0),
        lambda: profile.save(),
    ]
    for act in acts:
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            act()
    assert Profile.objects.get().note == ""
    assert frozen(batches).version == 2
    assert frozen(batches[:1], "single").version == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"is_golden": False}, "not golden"),
        ({"state": "aborted"}, "aborted"),
        ({"excluded_reason": "probe was changed"}, "probe was changed"),
    ],
)
def test_only_good_complete_batches_make_a_profile(
    batches: list[Batch], change: dict[str, object], message: str
) -> None:
    Batch.objects.filter(pk=batches[0].pk).update(**change)
    with pytest.raises(BatchInputError, match=message):
        frozen(batches)
    assert not Profile.objects.exists()


def test_other_impossible_choices(vessel: Vessel, batches: list[Batch]) -> None:
    for chosen in ([], [batches[0].pk, 999], list(range(1, 40))):
        with pytest.raises(BatchInputError):
            preview(chosen)
    with pytest.raises(UnknownBatchError):
        preview([batches[0].pk], recipe="unknown")
    with pytest.raises(BatchInputError, match="Start with a letter"):
        frozen(batches[:1], "1 name")
    brief = make_batch(vessel, 9)
    brief.phases.all().delete()
    brief.phases.create(position=1, name="growth", start=brief.start, end=LATER)
    Batch.objects.filter(pk=brief.pk).update(end=brief.start + 5 * MINUTE if brief.start else None)
    with pytest.raises(BatchInputError, match="no phase of 10 minutes"):
        preview([brief.pk])
    vessel.bindings.all().delete()
    with pytest.raises(BatchInputError, match="no values"):
        preview([batches[0].pk])


def test_equal_inputs_give_an_equal_hash_in_any_order(batches: list[Batch]) -> None:
    one, other = (preview([batch.pk for batch in order]) for order in (batches, batches[::-1]))
    assert one.inputs_hash == other.inputs_hash
    assert frozen(batches).inputs_hash == one.inputs_hash
    members = [read_member(batch, now=LATER) for batch in batches]
    assert hash_of(members[:3]) != one.inputs_hash


def test_late_data_and_moved_phases_are_told(batches: list[Batch]) -> None:
    profile = frozen(batches[:2])
    assert not has_changed(profile)
    store(NOON + timedelta(days=1, seconds=30), {"v_temp": [37.5]})
    assert has_changed(profile)
    profile = frozen(batches[:2])
    assert not has_changed(profile)
    batches[1].phases.filter(name="growth").update(end=batches[1].phases.all()[1].start - MINUTE)
    assert has_changed(profile)


def test_a_batch_names_the_newest_profile_of_its_recipe_at_the_start(
    vessel: Vessel, recipe: Recipe, batches: list[Batch]
) -> None:
    assert plan_batch(NewBatch("v1", "planned", recipe="fed-batch"), actor=ANN).profile is None
    first = frozen(batches[:2])
    running = start_batch(NewBatch("v1", "b9", recipe="fed-batch", start=LATER), actor=ANN)
    assert running.profile == first
    newer = frozen(batches)
    assert Batch.objects.get(pk=running.pk).profile == first
    assert set_profile(running.pk, newer.pk, actor=ANN).profile == newer
    with pytest.raises(BatchConflictError):
        set_profile(batches[0].pk, newer.pk, actor=ANN)
    with pytest.raises(UnknownBatchError):
        set_profile(running.pk, 999, actor=ANN)


def test_the_band_follows_the_batch(vessel: Vessel, batches: list[Batch]) -> None:
    frozen(batches[:3])
    band = band_of(batches[3], "v_do")
    assert band is not None
    assert band.hour[0] == 0
    assert np.isfinite(band.lines["median"]).all()
    for lower, higher in (
        ("limit_low", "low"),
        ("low", "median"),
        ("median", "high"),
        ("high", "limit_high"),
    ):
        assert (band.lines[lower] <= band.lines[higher]).all()
    assert band.lines["median"][90] == pytest.approx(95 - 90 * 0.8, abs=2)
    short = band_of(batches[3], "v_do", points=7)
    assert short is not None
    assert len(short.hour) <= 7


def test_the_band_of_a_totaliser_begins_where_the_batch_began(batches: list[Batch]) -> None:
    frozen(batches[:3])
    band = band_of(batches[3], "v_base")
    assert band is not None
    assert band.lines["median"][0] == pytest.approx(4000, abs=5)


def test_beyond_the_golden_batches_there_is_no_band(batches: list[Batch]) -> None:
    frozen(batches[:3])
    longer = FEED_MINUTES * MINUTE
    batch = batches[3]
    assert batch.end is not None
    Batch.objects.filter(pk=batch.pk).update(end=batch.end + longer)
    batch.phases.filter(name="feed").update(end=batch.end + longer)
    band = band_of(Batch.objects.get(pk=batch.pk), "v_temp")
    assert band is not None
    known = np.isfinite(band.lines["median"])
    assert known[:95].all()
    assert not known[105:].any()
    assert all(np.isfinite(band.lines[name][:95]).all() for name in LINES)


def test_without_the_values_of_the_coordinate_mean_time_takes_its_place(
    vessel: Vessel, recipe: Recipe, batches: list[Batch]
) -> None:
    recipe.phases.filter(name="growth").update(coordinate="total", coordinate_role="base_total")
    profile = frozen(batches[:2])
    assert profile.coordinates["phases"][0]["coordinate"] == "total"
    by_total = band_of(batches[3], "v_do")
    vessel.bindings.filter(tag__name="v_base").delete()
    by_time = band_of(batches[3], "v_do")
    assert by_total is not None
    assert by_time is not None
    assert np.isfinite(by_time.lines["median"][:58]).all()
    np.testing.assert_allclose(by_time.lines["median"][:58], by_total.lines["median"][:58], atol=2.5)


def test_without_profile_role_or_start_there_is_no_band(vessel: Vessel, batches: list[Batch]) -> None:
    assert band_of(batches[0], "v_temp") is None
    frozen(batches[:1])
    assert band_of(batches[0], "v_temp") is not None
    batches[0].start = None
    assert band_of(batches[0], "v_temp") is None
    batches[1].recipe = None
    assert band_of(batches[1], "v_temp") is None
    vessel.bindings.filter(tag__name="v_temp").update(role="jacket_temperature")
    assert band_of(batches[2], "v_temp") is None


def test_a_tag_in_another_unit_has_the_band_in_that_unit(vessel: Vessel, batches: list[Batch]) -> None:
    frozen(batches[:3])
    binding = vessel.bindings.select_related("tag").get(tag__name="v_base")
    binding.tag.unit = "L"
    band = read_band(batches[3], binding, points=600, now=LATER)
    assert band is not None
    assert band.lines["median"][50] - band.lines["median"][0] == pytest.approx(0.011, abs=0.003)


def test_batches_without_phases_have_one(vessel: Vessel, batches: list[Batch]) -> None:
    for batch in batches[:2]:
        batch.phases.all().delete()
    found = preview([batch.pk for batch in batches[:2]])
    assert [phase.name for phase in found.fitted.phases] == ["whole batch"]
    assert found.recipe is not None
