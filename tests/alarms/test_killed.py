"""Killed at its failpoints again and again, the evaluator writes what an uninterrupted one writes."""

from typing import Any

import pytest
from django.db import transaction

from monitoring.alarms import runner as running
from monitoring.models import AlarmJournalEntry, AlarmOccurrence, AlarmState
from tests.alarms.deviating import change, deviate, end_batch, make_batch, make_vessel, seconds
from tests.alarms.plant import PH, TEMP, Plant, make_tags


class KilledError(Exception):
    """The process is gone."""


class Killer:
    """Kills at each third pass of a failpoint, or never."""

    def __init__(self, at: str) -> None:
        self.at, self.passes = at, 0
        self.kills = 0

    def __call__(self, name: str) -> None:
        if name == self.at:
            self.passes += 1
            if self.passes % 3 == 0:
                self.kills += 1
                raise KilledError


def without_ids(details: dict[str, Any]) -> dict[str, Any]:
    """The details of an occurrence that two runs have in common."""
    return {name: value for name, value in details.items() if name not in ("batch", "deviation")}


def live_through(plant: Plant, killer: Killer) -> list[Any]:
    """Lets a plant live for some minutes; the rows that are left, without ids."""
    step = plant.run

    def run() -> None:
        while True:
            try:
                return step()
            except KilledError:
                plant.restart()

    plant.run = run  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patched, transaction.atomic():
        patched.setattr(running, "failpoint", killer)
        patched.setattr(running, "PAGE", 5)
        plant.now_s = 0
        names = make_tags(4, "north")
        batch = make_batch(make_vessel())
        plant.run()
        everything = dict.fromkeys(names, 5.0) | {TEMP: 40.0, PH: 7.0}
        plant.live_all(12, everything)
        first = deviate(batch, plant.now_s)
        plant.live_all(14, everything | {TEMP: 46.0})
        change(first, score=2.0, sentence="pH is lower than usual")
        plant.live_all(12, everything | {names[0]: 11.0})
        change(first, end=seconds(plant.now_s))
        deviate(batch, plant.now_s)
        plant.live([51.0] * 4)
        plant.live_all(45, {TEMP: 40.0, PH: 5.5})
        end_batch(batch, plant.now_s)
        plant.store([11.0] * 30, 45, names[1])
        plant.live_all(25, everything)
        plant.restart()
        occurrence = ("definition__kind", "definition__tag__name", "active_at", "cleared_at", "noticed_at")
        found: list[Any] = [
            *(
                (*row, without_ids(details))
                for *row, details in AlarmOccurrence.objects.order_by(*occurrence).values_list(
                    *(*occurrence, "peak", "value", "priority", "is_annunciated", "is_late", "is_first_out"),
                    "details",
                )
            ),
            *AlarmJournalEntry.objects.order_by("noticed_at", "at", "tag", "kind", "act").values_list(
                *("at", "noticed_at", "act", "tag", "group", "kind", "priority", "from_state", "to_state"),
                *("value", "reason"),
            ),
            *AlarmState.objects.order_by("definition__kind", "definition__tag__name").values_list(
                *("definition__kind", "definition__tag__name", "is_active", "outside_since", "inside_since"),
                *("no_data_since", "is_acknowledged", "suppression", "suppression_reason"),
            ),
        ]
        transaction.set_rollback(True)
    return found


@pytest.mark.no_cover
@pytest.mark.django_db
def test_killed_anywhere_it_writes_what_an_uninterrupted_one_writes(plant: Plant) -> None:
    undisturbed = live_through(plant, Killer(""))
    assert len(undisturbed) > 40
    assert [row[0] for row in undisturbed].count("BATCH") > 2
    for name in ("alarms.before_commit", "alarms.after_commit"):
        killer = Killer(name)
        plant.evaluator = plant.another()
        disturbed = live_through(plant, killer)
        assert [row for row in disturbed if row not in undisturbed] == []
        assert [row for row in undisturbed if row not in disturbed] == []
        assert len(disturbed) == len(undisturbed)
        assert killer.kills > 20
