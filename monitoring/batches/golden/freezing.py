"""Choose golden batches, preview their profile, freeze it as a version, and set it as the one of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from monitoring.batches.errors import BatchConflictError, BatchInputError
from monitoring.batches.finding import find_profile, find_recipe, locked_batch
from monitoring.batches.golden.blob import description_of, pack
from monitoring.batches.golden.coordinates import TOTAL, Coordinate
from monitoring.batches.golden.fitting import FittedProfile, fit_profile
from monitoring.batches.golden.members import SHORTEST, ChannelInfo
from monitoring.batches.golden.reading import ReadBatch, hash_of, read_member
from monitoring.batches.golden.scoring import MemberScore
from monitoring.batches.lifecycle import save
from monitoring.database.write_lock import write_lock
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, BatchState, Profile, ProfileMember, Recipe

MOST_BATCHES = 30


@dataclass(frozen=True, slots=True)
class NewProfile:
    """A profile to freeze. An empty ``recipe`` means that of the batches, if all have the same."""

    name: str
    batches: Sequence[int]
    recipe: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProfilePreview:
    """A profile that is not stored. ``batches`` are in the order of ``fitted.scores``."""

    recipe: Recipe | None
    batches: Sequence[Batch]
    fitted: FittedProfile
    inputs_hash: str


def preview(batches: Sequence[int], recipe: str = "") -> ProfilePreview:
    """Fit a profile to complete batches, without storing anything.

    Raises:
        BatchInputError: no batch, too many, or one that is unknown, not complete, excluded or without values.
        UnknownBatchError: there is no such recipe.
    """
    return fitted_to(chosen_batches(batches), recipe)


def freeze(new: NewProfile, *, actor: Actor) -> Profile:
    """Store the profile of golden batches as the next version of its name. A profile never changes.

    Raises:
        BatchInputError: as ``preview``; a batch is not golden; the name is invalid.
        BatchConflictError: another profile of this name was frozen at the same time.
        UnknownBatchError: there is no such recipe.
    """
    batches = chosen_batches(new.batches)
    for batch in batches:
        if not batch.is_golden:
            raise BatchInputError(f"batch {batch.name} is not golden: mark it, or leave it out", "batches")
    found = fitted_to(batches, new.recipe)
    try:
        with write_lock(), transaction.atomic():
            return store(new, found, actor)
    except IntegrityError as error:
        raise BatchConflictError(f"another profile {new.name} was frozen just now: repeat") from error


def store(new: NewProfile, found: ProfilePreview, actor: Actor) -> Profile:
    """Insert the profile with its members.

    Raises:
        BatchInputError: a field is invalid.
    """
    newest = Profile.objects.filter(name=new.name).order_by("-version").first()
    profile = Profile(
        name=new.name,
        version=newest.version + 1 if newest else 1,
        recipe=found.recipe,
        coordinates=description_of(found.fitted),
        curves=pack(found.fitted),
        inputs_hash=found.inputs_hash,
        made_at=datetime.now(UTC),
        made_by=actor.by,
        note=new.note,
    )
    try:
        profile.full_clean(exclude=["curves", "coordinates"], validate_unique=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise BatchInputError(messages[0], field) from error
    profile.save(force_insert=True)
    ProfileMember.objects.bulk_create(
        ProfileMember(
            profile=profile,
            batch=batch,
            score=None if score is None else score.mean,
            largest=largest_json(score),
        )
        for batch, score in zip(found.batches, found.fitted.scores, strict=True)
    )
    return profile


def largest_json(score: MemberScore | None) -> dict[str, str | float]:
    """Return the largest deviation of a member as a JSON object; empty without a score."""
    if score is None:
        return {}
    largest = score.largest
    return {
        "channel": largest.channel,
        "phase": largest.phase,
        "eft_h": round(largest.hour, 4),
        "z": round(largest.z, 3),
        "difference": float(f"{largest.difference:.4g}"),
    }


def fitted_to(batches: Sequence[Batch], recipe: str) -> ProfilePreview:
    """Return the profile of batches.

    Raises:
        BatchInputError: no tag has values, or no phase is long enough.
        UnknownBatchError: there is no such recipe.
    """
    now = datetime.now(UTC)
    found = [read_member(batch, now=now) for batch in batches]
    of_recipe = find_recipe(recipe) if recipe else common_recipe(batches)
    channels = common_channels(found)
    if not channels:
        raise BatchInputError("these batches have no values: bind tags to their vessel", "batches")
    fitted = fit_profile([each.member for each in found], channels, wishes_of(of_recipe))
    if not fitted.phases:
        raise BatchInputError(f"these batches have no phase of {SHORTEST} minutes or more", "batches")
    return ProfilePreview(of_recipe, batches, fitted, hash_of(found))


def chosen_batches(pks: Sequence[int]) -> list[Batch]:
    """Return the batches with vessel, recipe and phases, oldest first.

    Raises:
        BatchInputError: none, too many, or one that is unknown, not complete, or excluded.
    """
    wanted = set(pks)
    if not wanted or len(wanted) > MOST_BATCHES:
        raise BatchInputError(f"expected 1 to {MOST_BATCHES} batches, got {len(wanted)}", "batches")
    rows = Batch.objects.select_related("vessel", "recipe").prefetch_related("phases")
    found = list(rows.filter(pk__in=wanted).order_by("start", "id"))
    if unknown := wanted - {batch.pk for batch in found}:
        raise BatchInputError(f"there is no batch {min(unknown)}; GET /batches lists them", "batches")
    for batch in found:
        if batch.state != BatchState.COMPLETE:
            raise BatchInputError(f"batch {batch.name} is {batch.state}: expected complete ones", "batches")
        if batch.excluded_reason:
            raise BatchInputError(f"batch {batch.name} is excluded: {batch.excluded_reason}", "batches")
    return found


def common_recipe(batches: Sequence[Batch]) -> Recipe | None:
    """Return the newest version of the recipe that all batches have; None if they differ."""
    recipes = [batch.recipe for batch in batches]
    names = {recipe.name if recipe else "" for recipe in recipes}
    known = [recipe for recipe in recipes if recipe is not None]
    return max(known, key=lambda recipe: recipe.version) if len(names) == 1 and known else None


def common_channels(found: Sequence[ReadBatch]) -> list[ChannelInfo]:
    """Return the channels with values in any of the batches, each once; the newest batch describes it."""
    channels: dict[str, ChannelInfo] = {}
    for each in found:
        starts = each.member.starts
        channels |= {info.name: info for info in each.channels if starts[info.name] == starts[info.name]}
    return list(channels.values())


def wishes_of(recipe: Recipe | None) -> Mapping[str, Coordinate]:
    """Return the coordinates that the recipe names, by phase; none where a phase has time, the default."""
    phases = recipe.phases.all() if recipe else ()
    return {
        phase.name: Coordinate(phase.coordinate, phase.coordinate_role if phase.coordinate == TOTAL else "")
        for phase in phases
        if phase.coordinate != "time"
    }


def has_changed(profile: Profile) -> bool:
    """Return whether values or phases of the members have changed since the profile was frozen."""
    members = Batch.objects.filter(memberships__profile=profile).select_related("vessel")
    now = datetime.now(UTC)
    found = (read_member(batch, now=now) for batch in members.prefetch_related("phases"))
    return hash_of(found) != profile.inputs_hash


def set_profile(pk: int, profile: int, *, actor: Actor) -> Batch:
    """Let another profile judge a running or planned batch.

    Raises:
        UnknownBatchError: there is no such batch or profile.
        BatchConflictError: the batch has ended.
    """
    del actor  # the audit trail records the caller
    chosen = find_profile(profile)
    with locked_batch(pk) as batch:
        if batch.state not in (BatchState.RUNNING, BatchState.PLANNED):
            raise BatchConflictError(f"batch {batch.name} is {batch.state}: its profile stays")
        batch.profile = chosen
        save(batch)
    return batch
