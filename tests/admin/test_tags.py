"""Tags in the admin: a fourth sensor needs no code, and bounds must make sense."""

import pytest
from django.test import Client

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Tag

PRESSURE = {
    "name": "headspace_pressure",
    "description": "Pressure above the broth",
    "unit": "bar",
    "valid_min": "0",
    "valid_max": "4",
    "lower_limit": "",
    "upper_limit": "2.5",
    "active": "on",
}

pytestmark = pytest.mark.django_db


def test_a_new_tag_takes_readings_at_once(admin_client: Client) -> None:
    admin_client.post("/admin/monitoring/tag/add/", PRESSURE)
    reading = {"timestamp": "2026-01-31T12:00:00Z", "tag": "headspace_pressure", "value": 2.6}
    answer = admin_client.post("/ingest", reading, content_type="application/json")
    assert answer.json()["is_anomaly"] is True
    assert "headspace_pressure" in admin_client.get("/tags").json()["tags"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"upper_limit": "5"}, "5 lies outside the valid range 0 to 4"),
        ({"lower_limit": "-1"}, "-1 lies outside the valid range 0 to 4"),
        ({"lower_limit": "3"}, "Must be above the lower limit, 3"),
        ({"valid_max": "0"}, "Must be above the minimum of the valid range, 0"),
        ({"valid_min": "-1e101"}, "Must be from -1e+100 to 1e+100"),
        ({"valid_max": "1e308"}, "Must be from -1e+100 to 1e+100"),
        ({"stale_after_s": "3000000000"}, "less than or equal to 31536000"),
        ({"retention_days": "3000000000"}, "less than or equal to 36500"),
        ({"anomaly_retention_days": "36501", "retention_days": "1"}, "less than or equal to 36500"),
        ({"valid_max": "nan"}, "Enter a number"),
        ({"valid_min": "inf"}, "Enter a number"),
        ({"name": "head/space"}, "part of web addresses"),
        ({"name": "fermenter_temp"}, "already exists"),
    ],
)
def test_a_contradiction_is_refused_with_the_reason(admin_client: Client, change: dict, message: str) -> None:
    page = admin_client.post("/admin/monitoring/tag/add/", PRESSURE | change)
    assert message in page.content.decode()
    assert Tag.objects.count() == 3


def test_tags_without_a_group_are_found_by_a_link_with_a_text(admin_client: Client) -> None:
    Tag.objects.filter(name="agitator_rpm").update(group="Hall 2")
    html = admin_client.get("/admin/monitoring/tag/").content.decode()
    assert '<a href="?group=Hall+2">Hall 2</a>' in html
    assert '<a href="?group=">none</a>' in html
    counted = admin_client.get("/admin/monitoring/tag/?_facets=True").content.decode()
    assert "none (2)</a>" in counted
    rows = admin_client.get("/admin/monitoring/tag/?group=").content.decode().split("<tbody>")[1]
    assert "fermenter_temp" in rows
    assert "agitator_rpm" not in rows


def test_what_happens_on_a_conflict_is_chosen_and_stays_where_a_form_does_not_have_it(
    admin_client: Client,
) -> None:
    admin_client.post("/admin/monitoring/tag/add/", PRESSURE)
    tag = Tag.objects.get(name="headspace_pressure")
    assert tag.on_conflict == "refuse"
    for sent in ({"on_conflict": "keep_last"}, {"on_conflict": ""}, {}):
        admin_client.post(f"/admin/monitoring/tag/{tag.pk}/change/", PRESSURE | sent)
        tag.refresh_from_db()
        assert tag.on_conflict == "keep_last"
    page = admin_client.post(f"/admin/monitoring/tag/{tag.pk}/change/", PRESSURE | {"on_conflict": "all"})
    assert "all is not one of the available choices" in page.content.decode()


def test_a_limit_is_edited_but_a_name_never_changes(admin_client: Client) -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    edited = {"name": "renamed", "valid_min": 30, "valid_max": 50, "lower_limit": 36, "upper_limit": 45}
    admin_client.post(f"/admin/monitoring/tag/{tag.pk}/change/", edited)
    tag.refresh_from_db()
    assert (tag.name, tag.lower_limit, tag.active) == ("fermenter_temp", 36, False)


def test_a_tag_with_measurements_can_not_be_deleted_and_one_without_can(admin_client: Client) -> None:
    ingest_readings([{"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37}])
    used, unused = Tag.objects.get(name="fermenter_temp"), Tag.objects.get(name="fermenter_ph")
    assert admin_client.post(f"/admin/monitoring/tag/{used.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.post(f"/admin/monitoring/tag/{unused.pk}/delete/", {"post": "yes"}).status_code == 302
    assert {tag.name for tag in Tag.objects.all()} == {"fermenter_temp", "agitator_rpm"}


def test_the_list_shows_range_and_limits(admin_client: Client) -> None:
    Tag.objects.filter(name="fermenter_ph").update(lower_limit=None)
    page = admin_client.get("/admin/monitoring/tag/").content.decode()
    assert "35 to 45" in page
    assert "none to 8" in page
