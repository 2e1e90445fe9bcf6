"""What qcluster does by the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule

from monitoring.operations.schedules import SCHEDULED_TASKS, keep_schedules, queue_simulator

pytestmark = pytest.mark.django_db

NAMES = {
    "fermon.simulator",
    "fermon.keep_demo_vessel",
    "fermon.replay_dead_letters",
    "fermon.create_partitions",
    "fermon.finish_exclusions",
    "fermon.run_imports",
    "fermon.follow_batch_rules",
    "fermon.forecast_batches",
    "fermon.watch_batches",
    "fermon.prune_tasks",
    "fermon.clear_sessions",
    "fermon.back_up",
    "fermon.apply_retention",
    "fermon.archive_measurements",
}


def names() -> list[str]:
    return sorted(Schedule.objects.values_list("name", flat=True))


@pytest.mark.parametrize("plan", SCHEDULED_TASKS, ids=lambda plan: plan.name)
def test_each_plan_calls_something_that_exists(plan) -> None:
    assert callable(import_string(plan.func))


def test_each_plan_is_scheduled_once_however_often_it_starts() -> None:
    keep_schedules()
    keep_schedules()
    assert names() == sorted(NAMES)


def test_who_works_by_the_minute_is_told_when_it_was_due() -> None:
    keep_schedules()
    row = Schedule.objects.get(name="fermon.simulator")
    assert (row.func, row.intended_date_kwarg) == ("monitoring.tasks.run_simulator", "due")
    assert (row.schedule_type, row.minutes, row.repeats) == (Schedule.MINUTES, 1, -1)


def test_starting_again_puts_nothing_off() -> None:
    keep_schedules()
    soon = datetime.now(UTC) + timedelta(minutes=2)
    Schedule.objects.update(next_run=soon)
    keep_schedules()
    assert set(Schedule.objects.values_list("next_run", flat=True)) == {soon}


def test_what_a_clock_that_was_set_back_has_put_off_is_due_now() -> None:
    keep_schedules()
    Schedule.objects.update(next_run=datetime.now(UTC) + timedelta(days=3))
    keep_schedules()
    assert all(row.next_run <= datetime.now(UTC) for row in Schedule.objects.all())


def test_what_is_overdue_counts_as_due_now() -> None:
    keep_schedules()
    Schedule.objects.update(next_run=datetime.now(UTC) - timedelta(days=30))
    before = datetime.now(UTC)
    keep_schedules()
    assert all(before <= row.next_run <= datetime.now(UTC) for row in Schedule.objects.all())


def test_what_a_row_says_follows_the_plan() -> None:
    keep_schedules()
    Schedule.objects.update(func="monitoring.tasks.of_an_old_version", repeats=0)
    keep_schedules()
    assert set(Schedule.objects.values_list("func", "repeats")) == {
        (plan.func, -1) for plan in SCHEDULED_TASKS
    }


def test_doubles_and_plans_of_old_go_and_those_of_the_user_stay() -> None:
    keep_schedules()
    Schedule.objects.create(name="fermon.simulator", func="monitoring.tasks.run_simulator")
    Schedule.objects.create(name="fermon.of_an_old_version", func="gone.away")
    Schedule.objects.create(name="mine", func="my.task")
    keep_schedules()
    assert names() == sorted([*NAMES, "mine"])


def test_the_schedule_of_detection_of_an_older_version_goes() -> None:
    Schedule.objects.create(name="fermon.judge", func="monitoring.tasks.run_judge", minutes=1)
    keep_schedules()
    assert names() == sorted(NAMES)


def test_a_cluster_begins_with_one_run_that_works_and_one_that_stands_by() -> None:
    queue_simulator()
    queued = [row.task for row in OrmQ.objects.all()]
    assert [each["func"] for each in queued] == ["monitoring.tasks.run_simulator"] * 2
    assert all(datetime.fromisoformat(each["kwargs"]["due"]) <= datetime.now(UTC) for each in queued)
