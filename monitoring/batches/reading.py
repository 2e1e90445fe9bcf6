"""Read vessels, recipes and batches, as the JSON objects of the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from monitoring.batches.elapsed import elapsed_of
from monitoring.batches.finding import recipe_phases
from monitoring.history.keyset import Cursor, after_cursor, split_page
from monitoring.kernel.clock import iso_or_none, iso_utc
from monitoring.models import Batch, BatchPhase, BatchState, Recipe, RuleProblem, Vessel, VesselTag

PLANNED = datetime.max.replace(tzinfo=UTC)  # the place of planned batches in the list: before all others


@dataclass(frozen=True, slots=True)
class BatchSelection:
    """Criteria for batches: ``start`` to ``end`` is an inclusive range of time that the batches touch.

    Names are exact, except ``name_part``: a part of the batch's name, in either case. ``states`` empty: all.
    Planned batches touch no time.
    """

    vessel: str = ""
    recipe: str = ""
    states: tuple[str, ...] = ()
    is_golden: bool | None = None
    start: datetime | None = None
    end: datetime | None = None
    name_part: str = ""


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Batches in order of start, newest first, and the place of the next page (None: last page)."""

    batches: Sequence[Batch]
    next: Cursor | None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the items of ``/batches``."""
        now = datetime.now(UTC)
        return [batch_json(batch, now=now) for batch in self.batches]


def all_batches() -> QuerySet[Batch]:
    """Return batches with all that ``batch_json`` needs, in a fixed number of queries."""
    related = Batch.objects.select_related("vessel", "recipe", "profile")
    return related.prefetch_related("phases", "recipe__phases")


def read_batches(selection: BatchSelection, *, limit: int, after: Cursor | None = None) -> BatchPage:
    """Return up to ``limit`` batches after the cursor: planned ones first, then by start, newest first."""
    rows, found = selected(selection), list[Batch]()
    if after is None or after.timestamp == PLANNED:
        planned = rows.filter(start=None, **({} if after is None else {"id__lt": after.id}))
        found, after = list(planned.order_by("-id")[: limit + 1]), None
    started = rows.exclude(start=None)
    if after is not None:
        started = started.filter(after_cursor("start", after, ascending=False), start__lte=after.timestamp)
    found += started.order_by("-start", "-id")[: limit + 1 - len(found)]
    return BatchPage(*split_page(found, limit, lambda batch: Cursor(batch.start or PLANNED, batch.pk)))


def selected(selection: BatchSelection) -> QuerySet[Batch]:
    """Return the rows of the selection, unordered."""
    rows = all_batches()
    if selection.vessel:
        named = Q(name=selection.vessel) | Q(former_names__name=selection.vessel)
        rows = rows.filter(vessel__in=Vessel.objects.filter(named))
    if selection.states:
        rows = rows.filter(state__in=selection.states)
    if selection.is_golden is not None:
        rows = rows.filter(is_golden=selection.is_golden)
    if selection.end is not None:
        rows = rows.filter(start__lte=selection.end)
    if selection.start is not None:
        rows = rows.exclude(start=None).filter(Q(end=None) | Q(end__gte=selection.start))
    texts = {"recipe__name": selection.recipe, "name__icontains": selection.name_part}
    return rows.filter(**{column: text for column, text in texts.items() if text})


def batch_json(batch: Batch, *, now: datetime | None = None) -> dict[str, Any]:
    """Return a batch as a JSON object; ``elapsed_h`` of a running batch is that at ``now``."""
    phases = list(batch.phases.all())
    durations = {phase.name: phase.typical_duration_s for phase in recipe_phases(batch)}
    return {
        "id": batch.pk,
        "name": batch.name,
        "vessel": batch.vessel.name,
        "vessel_title": str(batch.vessel),
        "recipe": version_json(batch.recipe),
        "product": batch.product,
        "strain": batch.strain,
        "header": batch.header,
        "state": batch.state,
        **moments_json(batch),
        "started_by": batch.started_by,
        "ended_by": batch.ended_by,
        "end_reason": batch.end_reason,
        "golden": batch.is_golden,
        "excluded_reason": batch.excluded_reason,
        "profile": version_json(batch.profile),
        "elapsed_h": last_elapsed_h(batch, now or datetime.now(UTC)),
        "phase": phases[-1].name if phases and phases[-1].end is None else None,
        "phases": [phase_json(phase, durations.get(phase.name)) for phase in phases],
        "revision": batch.revision,
        "changed_at": iso_utc(batch.changed_at),
    }


def moments_json(batch: Batch) -> dict[str, Any]:
    """Return the moments of a batch, with the origin of each (null: the moment has not come)."""
    return {
        "start": iso_or_none(batch.start),
        "inoculated_at": iso_or_none(batch.inoculated_at),
        "end": iso_or_none(batch.end),
        "start_source": batch.start_source or None,
        "inoculation_source": batch.inoculation_source or None,
        "end_source": batch.end_source or None,
    }


def version_json(row: Any) -> dict[str, Any] | None:
    """Return name and version of a recipe or profile; None for None."""
    return None if row is None else {"name": row.name, "version": row.version}


def last_elapsed_h(batch: Batch, now: datetime) -> float | None:
    """Return the elapsed time (h) at the end, or at ``now``; None before the inoculation."""
    return None if batch.inoculated_at is None else round(elapsed_of(batch, batch.end or now), 4)


def phase_json(phase: BatchPhase, typical_duration_s: int | None) -> dict[str, Any]:
    """Return a phase of a batch as a JSON object."""
    return {
        "position": phase.position,
        "name": phase.name,
        "start": iso_utc(phase.start),
        "end": iso_or_none(phase.end),
        "source": phase.source,
        "by": phase.by,
        "typical_duration_s": typical_duration_s,
    }


def all_vessels() -> QuerySet[Vessel]:
    """Return vessels by name with all that ``vessel_json`` needs, in a fixed number of queries."""
    running = Prefetch("batches", all_batches().filter(state=BatchState.RUNNING), to_attr="running")
    bindings = Prefetch("bindings", VesselTag.objects.select_related("tag").order_by("id"))
    vessels = Vessel.objects.select_related("rule_problem").order_by("name")
    return vessels.prefetch_related(running, bindings, "former_names")


def vessel_in_full(pk: int) -> Vessel:
    """Return a vessel with all that ``vessel_json`` needs."""
    return all_vessels().get(pk=pk)


def vessel_json(vessel: Vessel) -> dict[str, Any]:
    """Return a vessel as a JSON object, with bindings and the running batch.

    A vessel of ``all_vessels`` needs no further query.
    """
    running: list[Batch] | None = getattr(vessel, "running", None)
    if running is None:
        running = list(all_batches().filter(vessel=vessel, state=BatchState.RUNNING))
    problem: RuleProblem | None = getattr(vessel, "rule_problem", None)
    return {
        "name": vessel.name,
        "title": vessel.title,
        "description": vessel.description,
        "area": vessel.area,
        "working_volume_l": vessel.working_volume_l,
        "active": vessel.is_active,
        "rules": vessel.rules,
        "rules_problem": problem.text if problem else None,
        "constants": vessel.constants,
        "uses_forest": vessel.uses_forest,
        "former_names": [former.name for former in vessel.former_names.all()],
        "tags": [binding_json(binding) for binding in vessel.bindings.all()],
        "batch": batch_json(running[0]) if running else None,
    }


def binding_json(binding: VesselTag) -> dict[str, Any]:
    """Return the binding of a tag as a JSON object."""
    return {
        "id": binding.pk,
        "tag": binding.tag.name,
        "role": binding.role,
        "function": binding.function,
        "tolerance": binding.tolerance,
        "shared": binding.is_shared,
        "begin": iso_or_none(binding.begin),
        "end": iso_or_none(binding.end),
    }


def read_recipes(*, with_retired: bool = False) -> list[Recipe]:
    """Return all versions of the recipes by name, the newest version first."""
    rows = Recipe.objects.prefetch_related("phases").order_by("name", "-version")
    return list(rows if with_retired else rows.filter(is_retired=False))


def recipe_json(recipe: Recipe) -> dict[str, Any]:
    """Return a version of a recipe as a JSON object."""
    return {
        "name": recipe.name,
        "version": recipe.version,
        "description": recipe.description,
        "retired": recipe.is_retired,
        "made_at": iso_utc(recipe.made_at),
        "made_by": recipe.made_by,
        "phases": [
            {
                "position": phase.position,
                "name": phase.name,
                "typical_duration_s": phase.typical_duration_s,
                "start_rule": phase.start_rule,
                "coordinate": phase.coordinate,
                "coordinate_role": phase.coordinate_role,
            }
            for phase in recipe.phases.all()
        ],
    }
