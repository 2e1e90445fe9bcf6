"""Past batches as evidence for the forecasts of a batch; their evidence is stored, some batches a minute."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from monitoring.batches.forecast.evidence import evidence_of, inputs_of
from monitoring.batches.forecast.limits import LimitedTag
from monitoring.database.write_lock import write_lock
from monitoring.models import Batch, BatchHindcast, BatchState, Vessel

MOST_PAST = 40  # batches of a vessel, or of a recipe
ENDED = (BatchState.COMPLETE, BatchState.ABORTED)


def store_evidence(vessel: Vessel, limited: Sequence[LimitedTag], now: datetime, most: int) -> int:
    """Compute and store the evidence of up to ``most`` of the vessel's newest batches. Return how many."""
    rows = Batch.objects.filter(vessel=vessel, state__in=ENDED).order_by("-start", "-id")
    known = rows.values_list("pk", "revision", "hindcast__inputs")[:MOST_PAST]
    due = [pk for pk, revision, inputs in known if inputs != inputs_of(revision, limited)][:most]
    for batch in Batch.objects.filter(pk__in=due).select_related("vessel").prefetch_related("phases"):
        found = evidence_of(batch, limited, now)
        values = {"inputs": found.inputs, "phases": found.phases, "limits": found.limits}
        with write_lock():
            BatchHindcast.objects.update_or_create(batch=batch, defaults=values)
    return len(due)


def past_of_vessel(batch: Batch) -> list[BatchHindcast]:
    """Return the evidence of the newest ended batches of the same vessel and recipe."""
    rows = BatchHindcast.objects.filter(same_recipe(batch), batch__vessel=batch.vessel_id)
    return newest(rows.filter(batch__state__in=ENDED), batch)


def past_of_recipe(batch: Batch) -> list[BatchHindcast]:
    """Return the evidence of the newest complete batches of the same recipe; without one, of the vessel."""
    rows = BatchHindcast.objects.filter(same_recipe(batch), batch__state=BatchState.COMPLETE)
    return newest(rows if batch.recipe else rows.filter(batch__vessel=batch.vessel_id), batch)


def same_recipe(batch: Batch) -> Q:
    """Return the condition for batches of any version of the recipe, or of none."""
    return Q(batch__recipe__name=batch.recipe.name) if batch.recipe else Q(batch__recipe=None)


def newest(rows: QuerySet[BatchHindcast], batch: Batch) -> list[BatchHindcast]:
    """Return the newest rows, without batches that are excluded from comparison."""
    chosen = rows.filter(batch__excluded_reason="").exclude(batch=batch.pk)
    return list(chosen.order_by("-batch__start", "-batch__id")[:MOST_PAST])
