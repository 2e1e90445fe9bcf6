"""Tag definitions as ingestion reads them, and locks on tags."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.tags import TagCache, all_names, lock_tags
from monitoring.models import Tag

TEMP = "fermenter_temp"

pytestmark = pytest.mark.django_db


def test_locked_tags_are_those_of_the_names_that_exist() -> None:
    with transaction.atomic():
        tags = lock_tags([TEMP, "nowhere", "Ünknown", "line\nbreak", "'; DROP TABLE tags; --"])
    assert list(tags) == [TEMP]
    assert lock_tags([]) == {}


def test_a_locked_tag_knows_its_newest_measurement() -> None:
    assert lock_tags([TEMP])[TEMP].last_us is None
    ingest_readings([{"timestamp": "2026-01-31T12:00:00Z", "tag": TEMP, "value": 37.0}])
    noon_us = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()) * 1_000_000
    assert lock_tags([TEMP])[TEMP].last_us == noon_us


def test_names_include_inactive_tags() -> None:
    Tag.objects.filter(name=TEMP).update(active=False)
    assert TEMP in all_names()
    assert not lock_tags([TEMP])[TEMP].definition.active


def test_the_cache_reads_the_tags_again_only_when_they_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    cache = TagCache()
    assert cache.definitions is None
    cache.refresh_if_old()
    assert cache.definitions is not None
    Tag.objects.filter(name=TEMP).update(upper_limit=44.0)
    cache.refresh_if_old()
    assert cache.definitions[TEMP].upper_limit == 45.0
    seconds[0] += 11
    cache.refresh_if_old()
    assert cache.definitions[TEMP].upper_limit == 44.0
