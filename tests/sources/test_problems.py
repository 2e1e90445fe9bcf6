"""Sources that are not read, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.models import Lease, Source, SourceStatus
from monitoring.operations.health import read_state
from monitoring.operations.troubles import current_troubles
from monitoring.sources import registry
from monitoring.sources.problems import failing_sources, has_collected_sources, source_notices
from tests.sources.fake.kind import KIND, PUSHED

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (KIND, PUSHED):
        monkeypatch.setitem(registry.KINDS, kind.name, kind)


def ago(seconds: float, now: datetime = NOW) -> datetime:
    return now - timedelta(seconds=seconds)


def add(name: str, *, protocol: str = "fake", now: datetime = NOW, **status: Any) -> Source:
    source = Source.objects.create(name=name, protocol=protocol, is_enabled=True, changed_at=ago(3_600, now))
    if status:
        SourceStatus.objects.create(source=source, **{"updated_at": ago(1, now), **status})
    return source


def test_without_collected_sources_no_collector_is_needed() -> None:
    assert not has_collected_sources()
    add("pushed", protocol="pushed")
    assert not has_collected_sources()
    assert failing_sources(NOW) == []
    add("plc", state="connected", since=ago(60))
    assert has_collected_sources()
    assert failing_sources(NOW) == []


def test_without_a_collector_one_sentence_names_all_sources() -> None:
    for number in range(7):
        add(f"plc{number}")
    (sentence,) = failing_sources(NOW)
    assert sentence.startswith(
        "No collector runs, so field sources plc0, plc1, plc2, plc3, plc4 and 2 more are"
    )
    assert "manage.py collect" in sentence
    Source.objects.exclude(name="plc0").delete()
    assert "field source plc0 is not read" in failing_sources(NOW)[0]
    Source.objects.update(changed_at=ago(5))
    assert failing_sources(NOW) == []


def test_a_source_that_fails_for_long_is_named_with_its_error() -> None:
    add("good", state="connected", since=ago(60))
    add("new failure", state="failed", since=ago(5), error="refused")
    add("old failure", state="failed", since=ago(15), error="Login refused: check the password.")
    add("slow", state="connecting", since=ago(45))
    add("silent", state="connected", since=ago(90), updated_at=ago(60))
    assert failing_sources(NOW) == [
        "No collector reads field source silent: see the collector's log.",
        "Source old failure fails: Login refused: check the password.",
        "Source slow has been connecting for 45 s: test its connection.",
    ]


def test_notices_of_sources_that_are_read_are_problems_of_the_system() -> None:
    add("broker", state="connected", since=ago(60), notices=["The broker keeps nothing on disk."])
    add("old", state="connected", since=ago(60), notices=["Long ago."], updated_at=ago(60))
    assert source_notices(NOW) == ["Source broker: The broker keeps nothing on disk."]
    assert read_state(NOW, lambda: 0).source_problems == (
        "No collector reads field source old: see the collector's log.",
        "Source broker: The broker keeps nothing on disk.",
    )


def test_the_alarms_know_a_source_that_fails_and_no_notice() -> None:
    now = datetime.now(UTC)
    for name in ("simulator", "judge"):
        Lease.objects.create(source=name, renewed_at=now, written_until=now)
    add("broker", now=now, state="connected", since=ago(60, now), notices=["A notice."])
    assert "sources" not in current_troubles()
    add("plc", now=now, state="failed", since=ago(60, now), error="No route to host.")
    assert current_troubles()["sources"] == "Source plc fails: No route to host."
