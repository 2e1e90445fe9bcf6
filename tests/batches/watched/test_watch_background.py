"""Batches that are watched once a minute, on stored readings."""

import random
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, transaction

from monitoring.batches.golden.freezing import NewProfile, freeze
from monitoring.batches.lifecycle import end_batch
from monitoring.batches.watch.extent import NO_MODEL, NO_PROFILE
from monitoring.batches.watched import background as watch_background
from monitoring.batches.watched.background import FAILED, watch_batches
from monitoring.batches.watched.computing import watch_minutes
from monitoring.batches.watched.reading import prepare
from monitoring.database import leases
from monitoring.kernel.lease_names import BATCH_WATCH
from monitoring.models import (
    Batch,
    BatchWatch,
    Deviation,
    Lease,
    Profile,
    Recipe,
    Rollup,
    Series,
    Tag,
    Vessel,
)
from tests.batches.watch.stand_in_forest import ENSEMBLE
from tests.batches.watch_plant import (
    ANN,
    FAULT,
    GOLDEN,
    MINUTE,
    MINUTES,
    NOON,
    RECOVERY,
    RUNNING,
    START,
    TAGS,
    courses,
    make_batch,
    make_plant,
    store,
)

pytestmark = pytest.mark.django_db
FAULTY = courses(RUNNING, fault=-30)
AFTER = START + (MINUTES + 1) * MINUTE


@pytest.fixture
def batch() -> Batch:
    return make_plant()


def outcome() -> list[dict[str, Any]]:
    """All that the deviations say, but for ids, revisions and the time of the change."""
    left_out = {"id", "revision", "changed_at"}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        for row in Deviation.objects.order_by("start").values()
    ]


def minute_of(at: datetime | None) -> int | None:
    return None if at is None else (at - START) // MINUTE


def test_a_fault_becomes_a_deviation_that_ends(batch: Batch) -> None:
    store(RUNNING, courses(RUNNING, fault=-20, recovery=FAULT + 4))
    watch_batches(now=START + (FAULT + 4) * MINUTE)
    lasting = Deviation.objects.get()
    assert minute_of(lasting.start) in range(FAULT, FAULT + 3)
    assert (lasting.end, lasting.batch, lasting.profile) == (None, batch, Profile.objects.get())
    assert lasting.sentence.startswith("Dissolved oxygen suddenly lower than predicted (")
    first = lasting.contributions[0]
    assert (first["tag"], first["title"], first["unit"]) == ("w.do", "Dissolved oxygen", "%")
    state = BatchWatch.objects.get(batch=batch)
    assert state.score is not None
    assert state.score > 1
    assert set(state.families) == {"E", "S", "L", "I"}
    assert minute_of(state.upto) == FAULT + 3

    watch_batches(now=AFTER)
    ended = Deviation.objects.get(pk=lasting.pk)
    assert minute_of(ended.end) in range(FAULT + 14, MINUTES)
    assert ended.sentence.endswith(f", for {(ended.end - ended.start) // MINUTE} min.")
    assert ended.revision > lasting.revision


def test_a_pass_without_new_data_stores_nothing(batch: Batch) -> None:
    store(RUNNING, FAULTY)
    assert watch_batches(now=AFTER) == 1 + len(GOLDEN)
    assert watch_batches(now=AFTER) == 0
    watch_batches(now=AFTER + MINUTE)
    assert Deviation.objects.get().revision == 1
    end_batch(batch.pk, at=AFTER, actor=ANN)
    watch_batches(now=AFTER + 5 * MINUTE)
    assert watch_batches(now=AFTER + 30 * MINUTE) == 0


class KilledError(Exception):
    """The process is gone."""


class Killer:
    """Kills at each second pass of a failpoint."""

    def __init__(self, at: str) -> None:
        self.at, self.passes, self.kills = at, 0, 0

    def __call__(self, name: str) -> None:
        self.passes += name == self.at
        if name == self.at and self.passes % 2:
            self.kills += 1
            raise KilledError


def watch_until_done(now: datetime) -> None:
    while True:
        try:
            watch_batches(now=now)
        except KilledError:
            continue
        return


def blocks() -> list[tuple[str, range]]:
    """The values of each tag in parts of half an hour."""
    return [(tag, range(first, first + 30)) for first in range(0, MINUTES, 30) for tag in TAGS]


@pytest.mark.usefixtures("batch")
@pytest.mark.parametrize("point", ["batch_watch.before_commit", "batch_watch.after_commit"])
def test_late_data_in_any_order_and_killed_passes_give_the_same(
    monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    with transaction.atomic():
        for first in range(0, MINUTES, 30):
            store(RUNNING, FAULTY, range(first, first + 30))
            watch_batches(now=START + (first + 30) * MINUTE)
        watch_batches(now=AFTER)
        undisturbed = outcome()
        transaction.set_rollback(True)
    assert len(undisturbed) == 1

    killer = Killer(point)
    monkeypatch.setattr(watch_background, "failpoint", killer)
    shuffled = blocks()
    random.Random(5).shuffle(shuffled)
    for tag, minutes in shuffled:
        store(RUNNING, {tag: FAULTY[tag]}, minutes)
        watch_until_done(AFTER)
    assert outcome() == undisturbed
    assert killer.kills >= len(shuffled) // 2


def test_late_data_move_or_remove_a_deviation(batch: Batch) -> None:
    store(RUNNING, FAULTY)
    watch_batches(now=AFTER)
    first = Deviation.objects.get()
    good = courses(RUNNING)
    replace_readings("w.do", good["w.do"], range(FAULT, FAULT + 8))
    watch_batches(now=AFTER)
    moved = Deviation.objects.get()
    assert (moved.pk, moved.start > first.start, moved.revision) == (first.pk, True, first.revision + 1)

    replace_readings("w.do", good["w.do"], range(FAULT + 8, RECOVERY))
    watch_batches(now=AFTER)
    assert not Deviation.objects.exists()

    replace_readings("w.do", courses(RUNNING, fault=-31)["w.do"], range(FAULT, RECOVERY))
    watch_batches(now=AFTER)
    again = Deviation.objects.get()
    assert again.revision > moved.revision, "a follower by revisions must see it"
    assert again.batch == batch


def replace_readings(tag: str, values: list[float], minutes: range) -> None:
    """Store other values at the same times: the source corrects itself."""
    Tag.objects.filter(name=tag).update(on_conflict="keep_last")
    store(RUNNING, {tag: values}, minutes)


def test_the_deviation_of_a_batch_that_has_ended_ends_with_the_batch(batch: Batch) -> None:
    stop = FAULT + 10
    store(RUNNING, FAULTY, range(stop))
    end_batch(batch.pk, at=START + stop * MINUTE, actor=ANN)
    watch_batches(now=AFTER)
    assert minute_of(Deviation.objects.get().end) == stop


@pytest.mark.usefixtures("batch")
def test_a_batch_of_the_past_keeps_the_profile_that_judged_it() -> None:
    watch_batches(now=AFTER)
    past = Batch.objects.get(name="w1")
    assert past.watch.profile == Profile.objects.get(version=1)
    store(RUNNING, FAULTY, range(120))
    golden = list(Batch.objects.filter(is_golden=True).order_by("pk").values_list("pk", flat=True))
    newer = freeze(NewProfile("p", golden[:2]), actor=ANN)
    Batch.objects.filter(name="w1").update(changed_at=AFTER)
    watch_batches(now=AFTER)
    assert BatchWatch.objects.get(batch=past).profile == Profile.objects.get(version=1)
    running = BatchWatch.objects.get(batch__name=f"w{RUNNING}")
    assert (running.profile, "2 batches" in running.message) == (newer, True)


def test_without_profile_and_without_values(batch: Batch) -> None:
    other = make_batch(
        Vessel.objects.create(name="x", made_at=NOON),
        Recipe.objects.create(name="other", made_at=NOON, made_by="ann"),
        11,
        is_running=True,
    )
    watch_batches(now=AFTER)
    assert BatchWatch.objects.get(batch=other).message == NO_PROFILE
    assert "No tag of the vessel has values" in BatchWatch.objects.get(batch=batch).message
    assert watch_batches(now=AFTER) == 0
    Rollup.objects.all().delete()
    Series.objects.update(open_start=None)
    watch_batches(now=AFTER)
    assert BatchWatch.objects.get(batch=batch).message == NO_MODEL


@pytest.mark.parametrize("package", [ENSEMBLE, None])
def test_a_vessel_may_use_an_isolation_forest(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, package: Any
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", package)
    Vessel.objects.update(uses_forest=True)
    store(RUNNING, FAULTY, range(90))
    watch_batches(now=START + 90 * MINUTE)
    found = BatchWatch.objects.get(batch=batch)
    assert ("F" in found.families) == (package is not None)
    assert ("No isolation forest: The package scikit-learn is not" in found.message) == (package is None)


def test_a_batch_that_fails_keeps_its_deviations_and_stops_no_other(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store(RUNNING, FAULTY)
    watch_batches(now=AFTER)
    watched = watch_minutes

    def fail(*arguments: Any) -> Any:
        if arguments[1].batch == batch:
            raise ZeroDivisionError
        return watched(*arguments)

    monkeypatch.setattr(watch_background, "watch_minutes", fail)
    for minute in (1, 2):
        watch_batches(now=AFTER + minute * MINUTE)
    assert BatchWatch.objects.get(batch=batch).message == FAILED
    assert Deviation.objects.filter(batch=batch).exists()
    assert [each.message for each in caplog.records].count("watching of a batch failed") == 1
    monkeypatch.undo()
    assert watch_batches(now=AFTER + 3 * MINUTE) == 1
    assert BatchWatch.objects.get(batch=batch).message.startswith("Balances")


@pytest.mark.usefixtures("batch")
def test_an_unavailable_database_is_an_error_of_the_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*arguments: Any) -> Any:
        raise OperationalError

    monkeypatch.setattr(watch_background, "prepare", away)
    with pytest.raises(OperationalError):
        watch_batches(now=AFTER)


@pytest.mark.usefixtures("batch")
def test_one_process_at_a_time() -> None:
    leases.hold(BATCH_WATCH, "another", now=datetime.now(UTC), duration=MINUTE)
    assert watch_batches(now=AFTER) == 0
    leases.release(BATCH_WATCH, "another")
    assert watch_batches(now=AFTER, should_stop=lambda: True) == 0
    assert watch_batches(now=AFTER) == 1 + len(GOLDEN)


@pytest.mark.usefixtures("batch")
def test_a_process_that_has_lost_its_lease_stores_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = prepare

    def lose(*arguments: Any) -> Any:
        Lease.objects.filter(source=BATCH_WATCH).update(owner="another")
        return prepared(*arguments)

    monkeypatch.setattr(watch_background, "prepare", lose)
    assert watch_batches(now=AFTER) == 0
    assert not BatchWatch.objects.exists()


def test_nothing_to_watch_takes_no_lease() -> None:
    assert watch_batches() == 0
    assert not Lease.objects.filter(source=BATCH_WATCH).exists()
