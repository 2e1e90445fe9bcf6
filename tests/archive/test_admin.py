"""The admin tells how far measurements are archived."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from monitoring.models import Tag
from tests.archive.moving_days import archive_day
from tests.archive.plant import TAG, reading, send

DAY = datetime(2026, 1, 28, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tag() -> Tag:
    """A tag with two measurements, one of which is archived."""
    send([reading(DAY), reading(DAY.replace(day=30))])
    archive_day(TAG, DAY)
    return Tag.objects.get(name=TAG)


def test_the_page_of_a_tag_tells_what_is_archived(admin_client: Client, tag: Tag) -> None:
    page = admin_client.get(f"/admin/monitoring/tag/{tag.pk}/change/").content.decode()
    assert "measurements of 2026-01-28 to before 2026-01-29: 1 in 1 file, " in page


def test_a_new_tag_has_nothing_in_the_archive(admin_client: Client) -> None:
    assert "nothing" in admin_client.get("/admin/monitoring/tag/add/").content.decode()


def test_the_list_of_measurements_tells_what_it_lacks(admin_client: Client, tag: Tag) -> None:
    path = "/admin/monitoring/measurement/"
    other = Tag.objects.exclude(pk=tag.pk).first()
    for query in ("", f"?tag__id__exact={tag.pk}"):
        page = admin_client.get(f"{path}{query}").content.decode()
        assert "Not in this list: measurements of 2026-01-28" in page
    assert other is not None
    assert "Not in this list" not in admin_client.get(f"{path}?tag__id__exact={other.pk}").content.decode()
