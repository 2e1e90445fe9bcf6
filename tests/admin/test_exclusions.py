"""Exclusions in the admin: chosen, counted, taken out with a reason, looked at, and included again."""

from collections.abc import Callable
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from monitoring.admin import measurements as measurement_admin
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import ExcludedMeasurement, Exclusion, Measurement

LIST = "/admin/monitoring/exclusion/"
ADD = f"{LIST}add/"
MEASUREMENTS = "/admin/monitoring/measurement/"
FORM = {
    "tag": "fermenter_temp",
    "start": "2026-01-31T12:00:01Z",
    "end": "2026-01-31T12:00:02",
    "reason": "probe in the calibration bath",
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stored() -> None:
    ingest_readings(
        [
            {"timestamp": f"2026-01-31T12:00:0{second}Z", "tag": "fermenter_temp", "value": value}
            for second, value in enumerate([37.0, 46.5, 37.25, 37.5])
        ]
        + [{"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_ph", "value": 7.0}]
    )


@pytest.fixture
def engineer(client: Client, account: Callable[[str], User]) -> Client:
    client.force_login(account("engineer"))
    return client


def left() -> list[float]:
    """The temperatures that are not excluded."""
    rows = Measurement.objects.filter(tag__name="fermenter_temp").order_by("timestamp")
    return list(rows.values_list("value", flat=True))


def excluded(client: Client, form: dict[str, Any]) -> Any:
    """The answer to who fills the form in, looks at the count, and confirms."""
    counted = client.post(ADD, form)
    assert counted.status_code == 200
    return client.post(ADD, {**form, "seen": counted.context["seen"], "confirm": "yes"}, follow=True)


def act(client: Client, path: str, action: str, rows: Any, **more: str) -> Any:
    """The answer to an action on these rows of a list."""
    return client.post(
        path, {"action": action, "_selected_action": [row.pk for row in rows], **more}, follow=True
    )


def test_a_range_is_counted_first_and_taken_out_once_that_is_confirmed(engineer: Client) -> None:
    page = engineer.post(ADD, FORM).content.decode()
    assert "2 measurements of fermenter_temp" in page
    assert "Exclude 2 measurements" in page
    assert not Exclusion.objects.exists()
    assert "2 measurements of fermenter_temp excluded." in excluded(engineer, FORM).content.decode()
    assert left() == [37.0, 37.5]
    row = Exclusion.objects.get()
    assert (row.made_by, row.reason) == ("engineer", "probe in the calibration bath")


def test_what_was_not_shown_is_counted_before_it_is_taken_out(engineer: Client) -> None:
    seen = engineer.post(ADD, FORM).context["seen"]
    page = engineer.post(ADD, {**FORM, "start": "2026-01-01", "seen": seen, "confirm": "yes"})
    assert "3 measurements of fermenter_temp" in page.content.decode()
    assert not Exclusion.objects.exists()


def test_measurements_chosen_in_the_list_are_excluded_with_a_reason(engineer: Client) -> None:
    page = act(engineer, MEASUREMENTS, "exclude_selected", Measurement.objects.filter(value__in=[46.5, 37.5]))
    assert "2 measurements of fermenter_temp" in page.content.decode()
    ids = page.context["form"]["ids"].value()
    answer = engineer.post(ADD, {"ids": ids, "reason": "", "seen": page.context["seen"], "confirm": "yes"})
    assert "This field is required" in answer.content.decode()
    assert left() == [37.0, 46.5, 37.25, 37.5]
    engineer.post(ADD, {"ids": ids, "reason": "spikes", "seen": page.context["seen"], "confirm": "yes"})
    assert left() == [37.0, 37.25]


def test_of_several_tags_it_says_what_to_do(engineer: Client) -> None:
    page = act(engineer, MEASUREMENTS, "exclude_selected", Measurement.objects.all())
    ids = page.request["QUERY_STRING"].removeprefix("ids=").replace("%2C", ",")
    answer = engineer.post(ADD, {"ids": ids, "reason": "x"})
    assert "Expected measurements of one tag, got fermenter_ph, fermenter_temp" in answer.content.decode()


def test_too_many_are_not_chosen_one_by_one(engineer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement_admin, "MOST_CHOSEN", 2)
    page = act(engineer, MEASUREMENTS, "exclude_selected", Measurement.objects.all())
    assert "Choose at most 2 measurements" in page.content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tag": "no_such"}, "Unknown tag"),
        ({"tag": ""}, "The name of a tag is missing"),
        ({"start": "yesterday"}, "Expected ISO 8601"),
        ({"start": "2027-01-01"}, "Expected to be no later than"),
        ({"ids": "1;2"}, "Expected ids of measurements"),
        ({"ids": "4711"}, "No measurement has the id 4711"),
        ({"reason": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_with_the_form_is_told(engineer: Client, change: dict[str, str], words: str) -> None:
    page = engineer.post(ADD, {**FORM, **change, "confirm": "yes"})
    assert page.status_code == 200
    assert words in page.content.decode()
    assert not Exclusion.objects.exists()


def test_an_empty_range_offers_nothing_to_exclude(engineer: Client) -> None:
    page = engineer.post(ADD, {**FORM, "start": "2025-01-01", "end": "2025-01-02"}).content.decode()
    assert "0 measurements of fermenter_temp" in page
    assert 'name="confirm"' not in page


def test_the_lists_say_who_when_why_and_how_many(engineer: Client) -> None:
    excluded(engineer, FORM)
    row = Exclusion.objects.get()
    for path in (LIST, f"{LIST}{row.pk}/change/"):
        page = engineer.get(path).content.decode()
        for shown in ("fermenter_temp", "2026-01-31 12:00:01", "probe in the calibration bath", "engineer"):
            assert shown in page
    answer = engineer.get(f"/admin/monitoring/excludedmeasurement/?exclusion__id__exact={row.pk}")
    assert [each.value for each in answer.context["cl"].result_list] == [37.25, 46.5]
    assert "▲ anomaly" in answer.content.decode()


def test_they_are_included_again_with_a_reason_and_all_of_it_is_in_the_trail(engineer: Client) -> None:
    excluded(engineer, FORM)
    page = act(engineer, LIST, "include_again", Exclusion.objects.all())
    assert "2 measurements of fermenter_temp" in page.content.decode()
    assert ExcludedMeasurement.objects.count() == 2
    page = act(engineer, LIST, "include_again", Exclusion.objects.all(), confirm="yes", reason="wrong probe")
    assert "2 measurements of fermenter_temp included again." in page.content.decode()
    assert left() == [37.0, 46.5, 37.25, 37.5]
    entries = LogEntry.objects.get_for_model(Exclusion).order_by("pk")
    assert [(entry.actor_email, entry.additional_data["reason"]) for entry in entries] == [
        ("engineer", "probe in the calibration bath"),
        ("engineer", "wrong probe"),
    ]
    page = act(engineer, LIST, "include_again", Exclusion.objects.all())
    assert "included again already" in page.content.decode()


def test_nobody_edits_or_deletes_an_exclusion(admin_client: Client) -> None:
    excluded(admin_client, FORM)
    row = Exclusion.objects.get()
    assert admin_client.post(f"{LIST}{row.pk}/change/", {"reason": "another"}).status_code == 403
    assert admin_client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert row.reason == FORM["reason"]


def test_a_tag_with_exclusions_is_not_deleted(admin_client: Client) -> None:
    excluded(admin_client, {**FORM, "start": "2026-01-01", "end": "2026-02-01"})
    tag = Exclusion.objects.get().tag
    assert left() == []
    assert admin_client.post(f"/admin/monitoring/tag/{tag.pk}/delete/", {"post": "yes"}).status_code == 403
