"""GET /batches/compare."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pytest_django import Settings

from monitoring.batches.golden.freezing import NewProfile, freeze
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, BatchState, Tag
from tests.api.test_batch_files import nullable, token
from tests.reported import HOUR, NOON, PH, TEMP, make_batch, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def batches() -> list[Batch]:
    """Two batches of two vessels: one has the temperature until 15:00, the other from then on."""
    one, other = make_batch("b1"), make_batch("b2", start=NOON + 3 * HOUR, end=NOON + 7 * HOUR)
    Batch.objects.filter(pk=other.pk).update(inoculated_at=NOON + 4 * HOUR)
    one.vessel.bindings.update(end=NOON + 3 * HOUR)
    other.vessel.bindings.update(begin=NOON + 3 * HOUR)
    other.phases.filter(position=1).update(start=NOON + 4 * HOUR, end=NOON + 6 * HOUR)
    other.phases.filter(position=2).update(start=NOON + 6 * HOUR, end=NOON + 7 * HOUR)
    store(TEMP, {minute: 36 + minute / 100 for minute in range(420) if not 70 <= minute < 90})
    store(TEMP, {50.5: 46})
    store(PH, dict.fromkeys(range(180), 7.0))
    return [one, other]


def compared(client: Client, batches: list[Batch], status: int = 200, **fields: Any) -> dict[str, Any]:
    query = urlencode([*(("batch", batch.pk) for batch in batches), *fields.items()])
    answer = client.get(f"/batches/compare?{query}")
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_courses_over_elapsed_time_keep_extremes_and_break_in_gaps(
    client: Client, batches: list[Batch]
) -> None:
    found = compared(client, batches, role="temperature", points=200)
    one, other = found["batches"]
    assert (one["x"][0], other["x"][0], found["unit"]) == (-0.5, -1, "h")
    assert max(each for each in one["max"] if each) == one["high"] == 46
    assert one["mean"].count(None) == 1
    assert (other["low"], other["last"], other["missing"]) == (37.8, pytest.approx(40.19, abs=0.02), "")
    assert one["durations_s"] == {"growth": 5400, "feed": 3600}
    assert all(len(each["x"]) == len(each["min"]) == len(each["max"]) for each in found["batches"])
    assert found["common"] == [
        {"role": "temperature", "tag": None, "title": "Temperature"},
        {"role": "ph", "tag": None, "title": "pH"},
    ]


def test_phases_lie_one_behind_the_other(client: Client, batches: list[Batch]) -> None:
    found = compared(client, batches, role="temperature", align="phase", points=300)
    assert found["phases"] == [
        {"name": "growth", "start": 0, "length": 2},
        {"name": "feed", "start": 2, "length": 1},
    ]
    one, other = found["batches"]
    for each, minutes in ((one, 30), (other, 60)):
        assert each["x"][0] == -minutes / 60
        assert 2.0 in each["x"]  # the begin of the feed
        assert each["x"] == sorted(each["x"])
    at_feed = one["mean"][one["x"].index(2.0)]
    assert at_feed == pytest.approx(37.2, abs=0.05)


def test_maturity_ends_at_the_end_of_the_golden_batches(client: Client, batches: list[Batch]) -> None:
    assert "golden profile" in compared(client, batches, 400, role="temperature", align="maturity")["detail"]
    Batch.objects.update(recipe=batches[0].recipe, is_golden=True)
    new = NewProfile(recipe=batches[0].recipe.name, batches=tuple(each.pk for each in batches), name="p")
    freeze(new, actor=Actor("ann", "login"))
    found = compared(client, batches, role="temperature", align="maturity")
    assert (found["unit"], found["profile"]) == ("%", {"name": "p", "version": 1})
    for each in found["batches"]:
        assert each["x"] == sorted(each["x"])
        assert (each["x"][0], each["x"][-1] <= 100) == (pytest.approx(0, abs=2), True)


def test_a_batch_without_the_tag_says_so(client: Client, batches: list[Batch]) -> None:
    batches[1].vessel.bindings.filter(role="ph").delete()
    found = compared(client, batches, tag=PH)
    assert [bool(each["missing"]) for each in found["batches"]] == [False, True]
    assert [each["role"] for each in found["common"]] == ["temperature"]
    planned = make_batch("b3", state=BatchState.PLANNED, start=None, end=None, inoculated_at=None)
    planned.phases.all().delete()
    for align in ("elapsed", "phase"):
        found = compared(client, [batches[0], planned], role="temperature", align=align)
        assert found["batches"][1]["x"] == []


def test_tags_without_role_are_compared_by_name(client: Client, batches: list[Batch]) -> None:
    for batch in batches:
        batch.vessel.bindings.filter(role="ph").update(role="other")
    found = compared(client, batches, tag=PH)
    assert {"role": None, "tag": PH, "title": Tag.objects.get(name=PH).display_name or PH} in found["common"]


def test_the_answer_is_as_the_schema_says(client: Client, batches: list[Batch]) -> None:
    schema = client.get("/schema", headers={"accept": "application/json"}).json()
    shape = {"$ref": "#/components/schemas/Comparison", "components": nullable(schema["components"])}
    batches[1].vessel.bindings.filter(role="ph").delete()
    for role, align in (("temperature", "phase"), ("ph", "elapsed")):
        found = compared(client, batches, role=role, align=align)
        errors = Draft202012Validator(shape).iter_errors(found)
        assert [error.message for error in errors] == []


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("", 400, "expected 2 to 8 batches"),
        ("batch=1", 400, "expected 2 to 8 batches"),
        ("batch=1&batch=1&role=ph", 400, "expected each batch once"),
        ("batch=1&batch=a&role=ph", 400, "expected the id of a batch"),
        ("batch=1&batch=2", 400, "expected either 'tag' or 'role'"),
        ("batch=1&batch=2&role=ph&align=dtw", 400, "expected one of elapsed, phase, maturity"),
        ("batch=998&batch=999&role=ph", 404, "there is no batch 998"),
    ],
)
def test_wrong_parameters_are_named(client: Client, query: str, status: int, text: str) -> None:
    answer = client.get(f"/batches/compare?{query}")
    assert (answer.status_code, text in answer.json()["detail"]) == (status, True), answer.content


def test_no_batch_with_the_role_is_an_error(client: Client, batches: list[Batch]) -> None:
    assert "agitation" in compared(client, batches, 400, role="agitation")["detail"]


def test_a_token_with_a_prefix_compares_its_tags_alone(
    client: Client, batches: list[Batch], settings: Settings
) -> None:
    settings.FERMON_OPEN = False
    query = f"/batches/compare?batch={batches[0].pk}&batch={batches[1].pk}"
    headers = token(TEMP)
    answer = client.get(f"{query}&tag={TEMP}", headers=headers)
    assert (answer.status_code, answer.json()["common"]) == (200, [])
    for refused in (f"tag={PH}", "role=ph", f"tag={TEMP}&align=maturity"):
        assert client.get(f"{query}&{refused}", headers=headers).status_code == 403
