"""Field sources in the admin: shown to engineers, changed by nobody, without secrets."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from monitoring.models import (
    Quality,
    QualitySpan,
    SourceGap,
    SourceJob,
    SourceMapping,
    SourcePoint,
    SourceStatus,
)
from tests.sources.fake_kind import make_source, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fake_kinds")]


def test_each_table_is_shown_and_no_secret_is(admin_client: Client) -> None:
    now = datetime.now(UTC)
    source, tag = make_source(secrets={"password": "sealed:gAAAAB-hidden"}), make_tag("a")
    SourceMapping.objects.create(source=source, address="x", tag="a")
    SourcePoint.objects.create(source=source, address="x", first_seen=now, last_seen=now, last_raw="37.1")
    SourceStatus.objects.create(source=source, state="failed", error="Nobody answers.")
    SourceGap.objects.create(source=source, begin=now, reason="cable cut")
    SourceJob.objects.create(source=source, kind="test", asked_at=now, asked_by="eva")
    QualitySpan.objects.create(
        tag=tag, source=source, begin=now, quality=Quality.BAD, word="BadSensorFailure"
    )
    for table, shown in (
        ("source", "broker"),
        ("sourcemapping", "broker"),
        ("sourcepoint", "37.1"),
        ("sourcestatus", "Nobody answers."),
        ("sourcegap", "cable cut"),
        ("sourcejob", "eva"),
        ("qualityspan", "BadSensorFailure"),
    ):
        answer = admin_client.get(f"/admin/monitoring/{table}/")
        assert answer.status_code == 200, table
        assert shown in answer.content.decode(), table
        assert admin_client.get(f"/admin/monitoring/{table}/?q=broker").status_code == 200, table
    page = admin_client.get(f"/admin/monitoring/source/{source.pk}/change/").content.decode()
    assert f'host: broker.plant, mode: plain, password: stored (<a href="/sources/{source.pk}">' in page
    assert "hidden</" not in page
    assert "gAAAAB" not in page
