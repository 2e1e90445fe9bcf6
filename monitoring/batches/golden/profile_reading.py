"""Read profiles, as the JSON objects of the API."""

from typing import Any

from django.db.models import QuerySet

from monitoring.batches.golden.blob import description_of
from monitoring.batches.golden.freezing import ProfilePreview, has_changed, largest_json
from monitoring.batches.golden.members import ChannelInfo
from monitoring.batches.golden.words import largest_text, preview_text
from monitoring.batches.reading import version_json
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch, Profile

MOST_PROFILES = 1_000


def read_profiles(recipe: str = "", name: str = "") -> QuerySet[Profile]:
    """Return the newest 1,000 profiles of a recipe and of a name (empty: of all), newest first."""
    rows = Profile.objects.select_related("recipe").prefetch_related("members__batch").defer("curves")
    rows = rows.filter(recipe__name=recipe) if recipe else rows
    rows = rows.filter(name=name) if name else rows
    return rows.order_by("-made_at", "-id")[:MOST_PROFILES]


def profile_json(profile: Profile) -> dict[str, Any]:
    """Return a profile as an item of ``/profiles``."""
    return {
        "id": profile.pk,
        "name": profile.name,
        "version": profile.version,
        "recipe": version_json(profile.recipe),
        "note": profile.note,
        "made_at": iso_utc(profile.made_at),
        "made_by": profile.made_by,
        "batches": [member.batch.name for member in profile.members.all()],
    }


def profile_in_full(profile: Profile) -> dict[str, Any]:
    """Return a profile with its members, phases and channels, and whether their data have changed since."""
    channels = channels_by_name(profile.coordinates["channels"])
    return {
        **profile_json(profile),
        "inputs_hash": profile.inputs_hash,
        "inputs_changed": has_changed(profile),
        "members": [
            member_json(member.batch, member.score, member.largest, channels)
            for member in profile.members.select_related("batch")
        ],
        **profile.coordinates,
    }


def preview_json(found: ProfilePreview) -> dict[str, Any]:
    """Return a profile that is not stored."""
    description = description_of(found.fitted)
    channels = channels_by_name(description["channels"])
    members = [
        member_json(batch, None if score is None else score.mean, largest_json(score), channels)
        for batch, score in zip(found.batches, found.fitted.scores, strict=True)
    ]
    names, texts = [batch.name for batch in found.batches], [member["text"] for member in members]
    return {
        "recipe": version_json(found.recipe),
        "inputs_hash": found.inputs_hash,
        "text": preview_text(names, found.fitted.scores, texts),
        "members": members,
        **description,
    }


def member_json(
    batch: Batch, score: float | None, largest: dict[str, Any], channels: dict[str, ChannelInfo]
) -> dict[str, Any]:
    """Return a member with its leave-one-out score: null without others to compare with."""
    return {
        "batch": batch.pk,
        "name": batch.name,
        "score": None if score is None else round(score, 4),
        "largest": largest or None,
        "text": largest_text(largest, channels),
    }


def channels_by_name(described: list[dict[str, Any]]) -> dict[str, ChannelInfo]:
    """Return the channels of a stored description by name."""
    return {each["name"]: ChannelInfo(**each) for each in described}
