"""Make the demo vessel: its tags, bindings and recipe, once in the life of a database.

The lease ``demo_vessel`` remembers that: what a person deletes later stays deleted.
"""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import transaction

from monitoring.batches.errors import BatchConflictError, UnknownBatchError
from monitoring.batches.finding import find_vessel
from monitoring.batches.recipes import NewPhase, make_recipe
from monitoring.batches.vessels import bind, make_vessel
from monitoring.database.write_lock import write_lock
from monitoring.kernel.actor import Actor
from monitoring.kernel.lease_names import DEMO_VESSEL
from monitoring.models import Lease, Tag
from monitoring.models.tag import LONGEST_STALE_S
from monitoring.sources.simulator.vessel.channels import CHANNELS, NAMES, VESSEL, DemoChannel
from monitoring.sources.simulator.vessel.parameters import HOUR_S

RECIPE = "fed-batch-demo"
ACTOR = Actor(by="simulator", via="simulator")
DEFINED = (
    *("unit", "kind", "valid_min", "valid_max", "lower_limit", "upper_limit"),
    *("description", "group", "display_name"),
)
GROWTH, FEED = "growth", "feed"
NO_DATA, AT_REST = ["missing"], ["saturation", "stuck"]  # detectors
FEED_RULE = {"role": "feed_rate", "function": "measured", "above": 0.0, "for_s": 180}
PHASES = (
    NewPhase(GROWTH, 7 * HOUR_S, coordinate="growth"),
    NewPhase(FEED, 13 * HOUR_S, start_rule=FEED_RULE),
)
# The nominal values of the simulated vessel: each batch differs a little.
CONSTANTS = {
    "ambient_bar": 1.0,
    "tare_kg": 4.0,
    "working_volume_l": 6.0,
    "impeller_diameter_m": 0.08,
    "vessel_diameter_m": 0.2,
    "ua_w_per_k": 40.0,
    "loss_w_per_k": 1.2,
    "base_mol_l": 6.9,
    "feed_g_l": 500.0,
    "inoculum_g_l": 0.3,
}


def is_wanted() -> bool:
    """Return whether the demo vessel is simulated."""
    return bool(settings.FERMON_SIMULATOR and settings.FERMON_DEMO_VESSEL)


def make_once() -> bool:
    """Make the vessel and all that belongs to it, unless that was done before; return whether it was.

    Names that exist already are left as they are.

    Raises:
        django.db.Error: the database is unavailable.
    """
    if Lease.objects.filter(source=DEMO_VESSEL).exists():
        return False
    with write_lock(), transaction.atomic():
        _, is_new = Lease.objects.get_or_create(source=DEMO_VESSEL)
        if is_new:
            make_all()
    return is_new


def make_all() -> None:
    """Make tags, vessel, bindings and recipe."""
    for channel in CHANNELS:
        make_tag(channel)
    with suppress(BatchConflictError):  # a vessel of that name is another one
        make_vessel(
            VESSEL,
            title="Demo vessel",
            description="Simulated: a fed-batch of E. coli each day from 06:00 UTC.",
            working_volume_l=CONSTANTS["working_volume_l"],
            constants=CONSTANTS,
            actor=ACTOR,
        )
        for channel in CHANNELS:
            bind(VESSEL, channel.definition.name, channel.role, channel.function, actor=ACTOR)
    with suppress(BatchConflictError):
        make_recipe(RECIPE, PHASES, description="Fed-batch, demo", actor=ACTOR)


def has_vessel() -> bool:
    """Return whether the demo vessel is there: not a vessel of people that has the name."""
    with suppress(UnknownBatchError):
        return find_vessel(VESSEL).bindings.filter(tag__name__in=NAMES).exists()
    return False


def make_tag(channel: DemoChannel) -> None:
    """Make the tag, unless there is one of this name.

    While the past is stored, the newest reading is days old: no alarm and no event is to come of that. What
    rests reads exactly 0 for hours: it is neither stuck nor saturated.
    """
    fields: dict[str, Any] = {name: getattr(channel.definition, name) for name in DEFINED}
    fields["stale_after_s"] = LONGEST_STALE_S
    fields["detectors_off"] = NO_DATA + AT_REST * channel.rests
    Tag.objects.get_or_create(name=channel.definition.name, defaults=fields)


def watch_silence() -> None:
    """Give the tags the usual settings for missing readings, once the readings are live."""
    for tag in Tag.objects.filter(name__in=NAMES, stale_after_s=LONGEST_STALE_S):
        tag.stale_after_s = None
        tag.detectors_off = [name for name in tag.detectors_off if name not in NO_DATA]
        tag.save(update_fields=["stale_after_s", "detectors_off"])


def is_live() -> bool:
    """Return whether the past of the demo vessel is stored, so that live readings follow it."""
    return is_wanted() and Lease.objects.filter(source=DEMO_VESSEL, position__isnull=False).exists()
