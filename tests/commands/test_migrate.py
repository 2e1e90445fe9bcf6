"""``manage.py migrate``"""

from contextlib import closing
from functools import partial
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from monitoring.management.commands.migrate import ADVISORY_LOCK
from tests.commands.conftest import wait_until
from tests.patience import stretched


@pytest.mark.postgresql
def test_hosts_that_start_together_on_an_empty_database_all_come_up(system: Any) -> None:
    system.make_empty()
    start = partial(
        system.run, "manage.py", "migrate", "--noinput", FERMON_DATABASE_POOL="1", PYTHONUNBUFFERED="1"
    )
    with psycopg.connect(system.database_url, autocommit=True) as another:
        another.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])  # until all three have come to it
        hosts = [start() for _ in range(3)]
        wait_until(lambda: all("Another process migrates this database" in host.text for host in hosts))
    assert [host.end(120) for host in hosts] == [0, 0, 0], [host.text for host in hosts]
    assert sorted(host.text.count("No migrations to apply") for host in hosts) == [0, 1, 1]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_its_turn_ends_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("migrate", "--noinput")
    with closing(connection.copy()) as other, other.cursor() as cursor:
        # The server notices a moment later that the connection of the command has closed.
        cursor.execute("SET lock_timeout = %s", [f"{stretched(10)}s"])
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
    assert "waiting" not in capsys.readouterr().out


@pytest.mark.django_db
def test_what_is_up_to_date_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("migrate", "--check")
    call_command("migrate", "--plan")
    assert "No planned migration operations." in capsys.readouterr().out
