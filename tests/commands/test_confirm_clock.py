"""``manage.py confirm_clock``: a person says that the clock is right."""

from datetime import UTC, datetime, timedelta

import pytest
from auditlog.models import LogEntry
from django.core.management import CommandError, call_command

from monitoring.models import HostClock
from monitoring.storage.host_clock import check_clock


@pytest.mark.django_db
def test_after_it_the_clock_is_right(capsys, time_machine) -> None:
    time_machine.move_to(now := datetime.now(UTC), tick=False)
    check_clock()
    HostClock.objects.update(anchored_at=now - timedelta(days=30))
    assert check_clock().jump
    call_command("confirm_clock")
    assert not check_clock().jump
    assert capsys.readouterr().out.startswith(f"Confirmed: it is {now:%Y-%m-%d}")
    assert (
        "manage.py confirm_clock"
        in LogEntry.objects.get(additional_data__isnull=False).additional_data["what"]
    )


@pytest.mark.usefixtures("database_away")
def test_without_a_database_it_says_so() -> None:
    with pytest.raises(CommandError, match="can't be used"):
        call_command("confirm_clock")
