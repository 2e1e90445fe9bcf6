"""GET /batches/<id>/report and GET /batches/<id>/export."""

import csv
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.batches import export
from monitoring.batches.report import hash_of
from monitoring.history.export_formats import FORMATS
from monitoring.history.export_xlsx import EPOCH_DAYS
from monitoring.models import Batch, BatchState, Sample, SampleResult, Tag
from monitoring.models.token import Scope
from tests.api.test_export import file_of, sheet_of
from tests.reported import HOUR, NOON, PH, TEMP, correct, fill, make_batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch() -> Batch:
    """A batch with measurements and records of each kind."""
    made = make_batch()
    fill(made)
    return made


def rows(client: Client, pk: int, query: str = "", **headers: str) -> list[dict[str, str]]:
    """The lines of the CSV file by the names of the columns."""
    content = file_of(client.get(f"/batches/{pk}/export?{query}", headers=headers)).decode()
    return list(csv.DictReader(StringIO(content, newline="")))


def nullable(shape: Any) -> Any:
    """The shape in JSON Schema, in which a value that may be null has two types."""
    if isinstance(shape, list):
        return [nullable(each) for each in shape]
    if not isinstance(shape, dict):
        return shape
    found = {name: nullable(each) for name, each in shape.items() if name != "nullable"}
    return {"anyOf": [found, {"type": "null"}]} if shape.get("nullable") is True else found


def token(prefix: str) -> dict[str, str]:
    """The header with a reading token for tags with a prefix."""
    return {"authorization": f"Token {issue_token(name='mes', scope=Scope.READ, prefix=prefix)}"}


def test_the_report_is_as_the_schema_says(client: Client, batch: Batch) -> None:
    answer = client.get(f"/batches/{batch.pk}/report").json()
    assert answer["sha256"] == hash_of(answer["report"])
    schema = client.get("/schema", headers={"accept": "application/json"}).json()
    shape = {"$ref": "#/components/schemas/HashedReport", "components": nullable(schema["components"])}
    errors = [error.message for error in Draft202012Validator(shape).iter_errors(answer)]
    assert errors == []
    assert client.get(f"/batches/{batch.pk}/report?format=json").json()["sha256"] == answer["sha256"]


def test_a_row_a_minute_with_phase_tags_and_samples(client: Client, batch: Batch) -> None:
    found = rows(client, batch.pk)
    assert len(found) == 180
    assert list(found[0]) == [
        "timestamp",
        "elapsed_h",
        "phase",
        "fermenter_temp mean (°C)",
        "fermenter_ph mean (pH)",
        "agitator_rpm mean (rpm)",
        "sample od600",
    ]
    at = {row["timestamp"][11:16]: list(row.values())[1:] for row in found}
    assert at["12:29"] == ["-0.0167", "", "37.29", "7.0", "", ""]
    assert at["13:05"] == ["0.5833", "growth", "", "7.0", "", ""]
    assert at["13:30"] == ["1.0", "growth", "37.9", "7.0", "", "1.5"]
    assert at["14:00"][1] == "feed"
    assert "nan" not in str(found).lower()


def test_a_corrected_result_replaces_the_former_one_and_a_withdrawn_sample_has_none(
    client: Client, batch: Batch
) -> None:
    last = correct(SampleResult.objects.get(), 1.7)
    assert [row["sample od600"] for row in rows(client, batch.pk) if row["sample od600"]] == ["1.7"]
    Sample.objects.filter(pk=last.sample_id).update(withdrawn_at=NOON)
    assert "sample od600" not in rows(client, batch.pk)[0]


def test_excel_has_the_same_content(client: Client, batch: Batch) -> None:
    query = "values=min&values=max&zone=Europe/Berlin"
    names, *lines = sheet_of(file_of(client.get(f"/batches/{batch.pk}/export?format=xlsx&{query}")))
    found = rows(client, batch.pk, query)
    assert names == ["timestamp (Europe/Berlin)", *list(found[0])[1:]]
    for line, row in zip(lines, found, strict=True):
        cells = [cell for cell in list(row.values())[1:] if cell]
        assert [cell if cell in ("growth", "feed") else float(cell) for cell in cells] == [
            cell if cell in ("growth", "feed") else float(cell) for cell in line[1:]
        ]
    first = NOON + HOUR  # in Berlin
    days = EPOCH_DAYS + first.timestamp() / 86_400
    assert float(lines[0][0]) == pytest.approx(days, abs=1e-8)
    assert found[0]["timestamp"] == "2024-01-31T13:00:00+01:00"


def test_the_file_has_the_name_of_the_batch(client: Client, batch: Batch) -> None:
    answer = client.get(f"/batches/{batch.pk}/export?format=csv.gz")
    assert answer["Content-Disposition"] == 'attachment; filename="fermon-b1.csv.gz"'
    assert file_of(client.head(f"/batches/{batch.pk}/export")) == b""


def test_texts_are_no_formulas(client: Client) -> None:
    batch = make_batch()
    batch.phases.update(name='=HYPERLINK("http://evil")')
    Tag.objects.filter(name=TEMP).update(unit="=1+1")
    sample = Sample.objects.create(batch=batch, number=1, taken_at=NOON, entered_at=NOON, entered_by="ann")
    SampleResult.objects.create(sample=sample, analyte="=cmd", value=1, entered_at=NOON, entered_by="ann")
    answer = file_of(client.get(f"/batches/{batch.pk}/export")).decode()
    cells = [cell for line in csv.reader(StringIO(answer, newline="")) for cell in line]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-=", "@"))] == []
    assert "'=HYPERLINK" in answer


def test_a_moved_tag_has_values_only_while_bound(client: Client, batch: Batch) -> None:
    bound = {"begin": NOON + HOUR, "end": NOON + 2 * HOUR}
    batch.vessel.bindings.filter(tag__name=PH).update(**bound)
    found = [row["timestamp"][11:16] for row in rows(client, batch.pk) if row["fermenter_ph mean (pH)"]]
    assert (found[0], found[-1], len(found)) == ("13:00", "13:59", 60)


def test_windows_make_no_difference(client: Client, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows(client, batch.pk)
    monkeypatch.setattr(export, "SOURCE_ROWS", 21)
    assert rows(client, batch.pk) == whole


def test_memory_does_not_grow_with_the_batch(client: Client) -> None:
    """Rows are made while they are sent: forty days need no more than eight."""
    peaks = []
    for name, days in (("short", 8), ("long", 40)):
        batch = make_batch(name, start=NOON - timedelta(days=days))
        batch.vessel.bindings.exclude(tag__name=PH).delete()
        batch.vessel.bindings.update(end=NOON + 3 * HOUR)
        url = f"/batches/{batch.pk}/export"
        sum(map(len, client.get(url)))  # loads modules and fills caches
        tracemalloc.start()
        size = sum(map(len, client.get(url)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert size > days * 24 * 60 * 20
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("export?format=doc", 400, "format: expected one of csv"),
        ("export?values=median", 400, "expected some of mean, min, max"),
        ("export?zone=Mars", 400, "expected a time zone"),
        ("export?format=xlsx&decimal=comma", 400, "expected with csv only"),
    ],
)
def test_wrong_parameters_are_named(client: Client, batch: Batch, query: str, status: int, text: str) -> None:
    answer = client.get(f"/batches/{batch.pk}/{query}")
    assert (answer.status_code, text in answer.json()["detail"]) == (status, True)


@pytest.mark.parametrize("what", ["report", "export"])
def test_unknown_and_planned_batches(client: Client, what: str) -> None:
    assert client.get(f"/batches/999/{what}").status_code == 404
    planned = make_batch(state=BatchState.PLANNED, start=None, end=None, inoculated_at=None)
    answer = client.get(f"/batches/{planned.pk}/{what}")
    assert (answer.status_code, "start the batch first" in answer.json()["detail"]) == (409, True)


def test_a_sheet_has_an_end(client: Client, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "xlsx", replace(FORMATS["xlsx"], most_rows=10))
    answer = client.get(f"/batches/{batch.pk}/export?format=xlsx")
    assert (answer.status_code, answer.json()["detail"].startswith("format: a sheet has at most 10")) == (
        400,
        True,
    )


def test_a_token_with_a_prefix_gets_its_tags_alone(client: Client, batch: Batch, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    headers: Any = token("fermenter_p")
    assert list(rows(client, batch.pk, **headers)[0]) == [
        "timestamp",
        "elapsed_h",
        "phase",
        "fermenter_ph mean (pH)",
    ]
    report = client.get(f"/batches/{batch.pk}/report", headers=headers).json()["report"]
    assert [tag["tag"] for tag in report["tags"]] == [PH]
    assert (report["samples"], report["all_tags"]) == ([], False)
    assert client.get(f"/batches/{batch.pk}/report").status_code in (401, 403)


@pytest.mark.parametrize("what", ["report", "export"])
def test_a_token_that_covers_no_tag_of_a_batch_learns_nothing_of_it(
    client: Client, batch: Batch, settings: Settings, what: str
) -> None:
    settings.FERMON_OPEN = False
    answer = client.get(f"/batches/{batch.pk}/{what}", headers=token("reactor_"))
    assert (answer.status_code, batch.name in answer.content.decode()) == (403, False)
