"""Changes of tags are noticed within one round of looks, new tags and changes of vessels at once."""

from typing import Any

import pytest

from monitoring.alarms import tag_watch
from monitoring.alarms.tag_watch import TagWatch
from monitoring.models import Tag, Vessel
from tests.alarms.deviating import make_vessel
from tests.alarms.plant import make_tags

pytestmark = pytest.mark.django_db
ROUND = 6  # looks at the 3 default tags and 9 more, 2 at a time


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> TagWatch:
    monkeypatch.setattr(tag_watch, "AT_ONCE", 2)
    make_tags(ROUND * 2 - Tag.objects.count(), "north")
    return TagWatch()


def changes(watch: TagWatch) -> int:
    return sum(watch.have_changed() for _ in range(ROUND))


def test_each_look_reads_a_part(watch: TagWatch, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3 * ROUND):
        assert changes(watch) == 0


@pytest.mark.parametrize("field", [{"stale_after_s": 77}, {"active": False}, {"group": "south"}])
@pytest.mark.parametrize("place", [0, 1, 2, -1])
def test_a_changed_tag_is_noticed_once_a_round(watch: TagWatch, place: int, field: dict[str, Any]) -> None:
    keys = list(Tag.objects.order_by("id").values_list("pk", flat=True))
    Tag.objects.filter(pk=keys[place]).update(**field)
    assert changes(watch) == changes(watch) == 1


def test_a_tag_that_is_gone_is_noticed(watch: TagWatch) -> None:
    Tag.objects.filter(name="north_4").delete()
    assert changes(watch) == 1


def test_a_new_tag_is_noticed_at_once(watch: TagWatch) -> None:
    make_tags(1, "south")
    assert watch.have_changed()


def test_a_change_of_a_vessel_is_noticed_at_once(watch: TagWatch) -> None:
    vessel = make_vessel()
    assert watch.have_changed()
    watch = TagWatch()
    Vessel.objects.filter(pk=vessel.pk).update(title="North")
    assert watch.have_changed()
