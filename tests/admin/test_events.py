"""Events in the admin, and how the detectors go about a tag."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from monitoring.detection.monitor_pool import tag_rows, watched_tags
from monitoring.detection.shards import WHOLE
from monitoring.detection.tag_settings import settings_of
from monitoring.models import Event, Tag
from tests.detection.detectors.own_forest import own_forest, without_scikit_learn

__all__ = ["own_forest", "without_scikit_learn"]

LIST = "/admin/monitoring/event/"
TAG = {"name": "fermenter_temp", "valid_min": 30, "valid_max": 50, "active": "on"}
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_events() -> None:
    """One of yesterday that is over, and one that lasts."""
    for number, (tag, detector, end) in enumerate(
        [("fermenter_temp", "step", NOON - timedelta(hours=23)), ("fermenter_ph", "stuck", None)]
    ):
        Event.objects.create(
            tag=Tag.objects.get(name=tag),
            detector=detector,
            kind=detector,
            start=NOON - timedelta(days=1 - number),
            end=end,
            score=1.5,
            explanation=f"{tag} is not as it was",
            revision=number + 1,
        )


def listed(client: Client, query: str = "") -> list[str]:
    """The tags on the list's first page, as they stand."""
    page = client.get(f"{LIST}?{query}")
    assert page.status_code == 200
    return [row.tag.name for row in page.context["cl"].result_list]


@pytest.mark.usefixtures("two_events")
def test_the_newest_comes_first_with_all_that_is_known(admin_client: Client) -> None:
    assert listed(admin_client) == ["fermenter_ph", "fermenter_temp"]
    page = admin_client.get(LIST).content.decode()
    for shown in ("2026-01-30 13:00:00", "▲ it lasts", "stuck", "1.5", "fermenter_temp is not as it was"):
        assert shown in page


@pytest.mark.usefixtures("two_events")
@pytest.mark.parametrize(
    ("query", "tags"),
    [
        ("detector=step", ["fermenter_temp"]),
        ("detector=spike", []),
        ("end__isempty=1", ["fermenter_ph"]),
        ("q=ph", ["fermenter_ph"]),
        ("q=2026-01-30", ["fermenter_temp"]),
        ("start__year=2026&start__month=1&start__day=31", ["fermenter_ph"]),
    ],
)
def test_filters_search_and_dates_narrow_it_down(admin_client: Client, query: str, tags: list[str]) -> None:
    assert listed(admin_client, query) == tags


@pytest.mark.usefixtures("two_events")
def test_nobody_edits_or_deletes(admin_client: Client) -> None:
    event = Event.objects.latest("id")
    assert admin_client.get(f"{LIST}{event.pk}/change/").status_code == 200
    assert admin_client.post(f"{LIST}{event.pk}/change/", {"kind": "x"}).status_code == 403
    assert admin_client.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"detectors_off": ["drift", "noise"], "sensitivity": "2.5"}, (["drift", "noise"], 2.5)),
        ({"sensitivity": ""}, ([], 1.0)),
        ({}, ([], 1.0)),
    ],
)
def test_detectors_and_sensitivity_are_set_tag_by_tag(
    admin_client: Client, given: dict, kept: tuple[list[str], float]
) -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    admin_client.post(f"/admin/monitoring/tag/{tag.pk}/change/", TAG | given)
    tag.refresh_from_db()
    assert (tag.detectors_off, tag.sensitivity) == kept
    assert settings_of(tag).off == set(kept[0])


@pytest.mark.usefixtures("own_forest")
def test_the_isolation_forest_is_switched_on_tag_by_tag(admin_client: Client) -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    admin_client.post(f"/admin/monitoring/tag/{tag.pk}/change/", TAG | {"detectors_on": ["forest"]})
    tag.refresh_from_db()
    assert tag.detectors_on == ["forest"]
    assert settings_of(tag).on == {"forest"}
    assert "forest" not in settings_of(tag).disabled
    assert watched_tags(tag_rows(WHOLE))[tag.pk].settings.on == {"forest"}


@pytest.mark.usefixtures("without_scikit_learn")
def test_without_its_package_it_cannot_be_switched_on(admin_client: Client) -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    given = TAG | {"detectors_on": ["forest"]}
    html = admin_client.post(f"/admin/monitoring/tag/{tag.pk}/change/", given).content.decode()
    assert "pip install -r requirements-ml.txt" in html
    tag.refresh_from_db()
    assert tag.detectors_on == []


@pytest.mark.parametrize(
    "given", [{"sensitivity": "0"}, {"sensitivity": "10.1"}, {"sensitivity": "nan"}, {"detectors_off": ["x"]}]
)
def test_what_makes_no_sense_is_refused(admin_client: Client, given: dict) -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    answer = admin_client.post(f"/admin/monitoring/tag/{tag.pk}/change/", TAG | given)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
