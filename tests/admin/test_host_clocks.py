"""The hosts' clocks in the admin."""

from datetime import UTC, datetime, timedelta

import pytest
from auditlog.models import LogEntry
from django.test import Client

from monitoring.models import HostClock
from monitoring.storage.host_clock import check_clock

PAGE = "/admin/monitoring/hostclock/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def jumped() -> None:
    check_clock()
    HostClock.objects.update(anchored_at=datetime.now(UTC) - timedelta(days=400))
    assert check_clock().jump


@pytest.mark.usefixtures("jumped")
def test_an_administrator_sees_the_jump_and_confirms_the_clock(admin_client: Client) -> None:
    page = admin_client.get(PAGE).content.decode()
    assert "it is 400 days ahead of the expected time" in page
    answer = admin_client.post(f"{PAGE}confirm/", follow=True).content.decode()
    assert "Confirmed: it is" in answer
    assert "It has not jumped." in answer
    entry = LogEntry.objects.get(additional_data__what="clock confirmed in the admin")
    assert entry.actor.get_username() == "admin"


@pytest.mark.usefixtures("jumped")
def test_an_engineer_sees_it_and_confirms_nothing(client: Client, account) -> None:
    client.force_login(account("engineer"))
    page = client.get(PAGE).content.decode()
    assert "400 days ahead" in page
    assert "clock is right" not in page
    assert client.post(f"{PAGE}confirm/").status_code == 403
    assert check_clock().jump


def test_to_look_at_the_address_confirms_nothing(admin_client: Client) -> None:
    assert admin_client.get(f"{PAGE}confirm/").status_code == 405
    assert not HostClock.objects.exists()
