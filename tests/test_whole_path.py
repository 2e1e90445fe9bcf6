"""One reading's way through the system: posted over HTTP, and then seen wherever it should be."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_reading_is_seen_everywhere(client: Client, post: Callable[..., Any]) -> None:
    now = datetime.now(UTC).isoformat()
    stored = post("/ingest", {"timestamp": now, "tag": "fermenter_temp", "value": 46.37}).json()
    assert stored["is_anomaly"] is True

    (measurement,) = client.get("/data?tag=fermenter_temp").json()
    assert (measurement["id"], measurement["value"]) == (stored["id"], 46.37)
    (anomaly,) = client.get("/anomalies").json()
    assert (anomaly["id"], anomaly["reasons"]) == (stored["id"], ["above_limit"])
    assert client.get("/tags/fermenter_temp").json()["latest"] == measurement
    assert client.get("/stats").json()["anomaly_rate"] == 100.0

    dashboard = client.get("/dashboard").content.decode()
    assert "fermenter_temp" in dashboard
    assert "46.37" in dashboard

    client.force_login(User.objects.create_superuser("boss"))
    change_list = client.get("/admin/monitoring/measurement/").content.decode()
    assert "fermenter_temp" in change_list
    assert "46.37" in change_list
