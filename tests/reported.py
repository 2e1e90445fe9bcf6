"""A batch with everything that a report lists: three hours, two phases, samples, notes, an alarm, a gap."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import (
    AlarmDefinition,
    AlarmOccurrence,
    Batch,
    BatchState,
    Event,
    Exclusion,
    Note,
    QualitySpan,
    Recipe,
    Sample,
    SampleResult,
    Tag,
    Vessel,
)

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TEMP, PH, SETPOINT = "fermenter_temp", "fermenter_ph", "agitator_rpm"


def store(tag: str, values: Mapping[Any, float]) -> None:
    """Store values by minutes after noon."""
    ingest_readings(
        [
            {"timestamp": (NOON + minute * MINUTE).isoformat(), "tag": tag, "value": value}
            for minute, value in values.items()
        ]
    )


def make_batch(name: str = "b1", **fields: object) -> Batch:
    """Return a batch from noon to 15:00 with three tags, and phases from 12:30 and 14:00."""
    vessel = Vessel.objects.create(name=f"vessel-{name}", title="Vessel 1", made_at=NOON)
    for tag, role, function in (
        (TEMP, "temperature", "measured"),
        (PH, "ph", "measured"),
        (SETPOINT, "temperature", "setpoint"),
    ):
        vessel.bindings.create(tag=Tag.objects.get(name=tag), role=role, function=function)
    recipe = Recipe.objects.create(name=f"recipe-{name}", made_at=NOON, made_by="ann")
    given: dict[str, object] = {
        "vessel": vessel,
        "recipe": recipe,
        "name": name,
        "product": "Insulin",
        "header": {"Inoculum": "flask 7", "State": "of the art"},
        "state": BatchState.COMPLETE,
        "start": NOON,
        "inoculated_at": NOON + 30 * MINUTE,
        "inoculation_source": "rule",
        "end": NOON + 3 * HOUR,
        "started_by": "ann",
        "changed_at": NOON,
    }
    batch = Batch.objects.create(**given | fields)
    batch.phases.create(position=1, name="growth", start=NOON + 30 * MINUTE, end=NOON + 2 * HOUR, by="ann")
    batch.phases.create(position=2, name="feed", start=NOON + 2 * HOUR, end=batch.end, source="rule")
    return batch


def fill(batch: Batch) -> SampleResult:
    """Store measurements and records of each kind; return a result."""
    store(TEMP, {minute: 37 + minute / 100 for minute in range(180) if not 60 <= minute < 75} | {100.5: 46})
    store(PH, dict.fromkeys(range(180), 7.0))
    store(SETPOINT, {-10: 300.0, 45.25: 400.0, 46: 400.0})
    temp = Tag.objects.get(name=TEMP)
    definition, _ = AlarmDefinition.objects.get_or_create(tag=temp, kind="H")
    AlarmOccurrence.objects.create(
        definition=definition,
        active_at=NOON + 100 * MINUTE,
        noticed_at=NOON + 100 * MINUTE,
        acknowledged_at=NOON + 101 * MINUTE,
        acknowledged_by="bob",
        peak=46,
        priority="high",
    )
    Event.objects.create(
        tag=temp,
        detector="spike",
        kind="spike",
        start=NOON + 100 * MINUTE,
        score=3,
        explanation="a spike",
        revision=1,
    )
    Note.objects.create(
        batch=batch, kind="intervention", start=NOON + HOUR, text="5 mL antifoam", by="ann", at=NOON
    )
    QualitySpan.objects.create(
        tag=temp, begin=NOON + HOUR, end=NOON + 75 * MINUTE, quality=2, code=1, word="Bad"
    )
    Exclusion.objects.create(
        tag=temp, start=NOON, end=NOON + MINUTE, upto_id=0, reason="probe not in", made_by="ann", made_at=NOON
    )
    sample = Sample.objects.create(
        batch=batch, number=1, taken_at=NOON + 90 * MINUTE, entered_at=NOON, entered_by="ann"
    )
    return SampleResult.objects.create(
        sample=sample, analyte="od600", value=1.5, entered_at=NOON, entered_by="ann"
    )


def correct(result: SampleResult, value: float) -> SampleResult:
    """Store a result that supersedes another one."""
    return SampleResult.objects.create(
        sample=result.sample,
        analyte=result.analyte,
        value=value,
        entered_at=NOON + HOUR,
        entered_by="bob",
        supersedes=result,
        reason="typing error",
    )
