"""Many processes write to the same tags at once: what is stored is as if one had, in order."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.db.models import Sum

from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rebuild import rebuild, spans_of
from monitoring.kernel.clock import to_micros
from monitoring.models import Finding, Measurement, RefusalCount, Series, Tag
from tests.ingest.hammer import SECONDS, START, TAGS, reading, value_at
from tests.ingest.plain_rule import by_the_rule

ROOT = Path(__file__).resolve().parents[2]
WRITERS = 8
# FERMON_HAMMER_SECONDS=600 for longer.
HAMMERED_S = (
    os.environ.get("FERMON_HAMMER_SECONDS") or {"sqlite": "10", "postgresql": "20"}[connection.vendor]
)

pytestmark = pytest.mark.django_db(transaction=True)


def address() -> str:
    """The test's own database as DATABASE_URL has it."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def start_writer(seed: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "DATABASE_URL": address(), "DJANGO_SETTINGS_MODULE": "fermon_site.settings"}
    command = [sys.executable, "-W", "ignore", "-m", "tests.ingest.hammer", str(seed), HAMMERED_S]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_eight_at_once_are_as_one() -> None:
    Tag.objects.bulk_create(Tag(name=tag, valid_min=-100, valid_max=200, upper_limit=55) for tag in TAGS)
    writers = [start_writer(seed) for seed in range(WRITERS)]
    told = [writer.communicate() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITERS, told
    counted = RefusalCount.objects.aggregate(refused=Sum("count"))["refused"]
    assert counted == sum(int(output) for output, _ in told) > 0
    for tag in TAGS:  # what none of them has sent by chance
        ingest_readings([reading(tag, second) for second in range(SECONDS)])
    for tag in TAGS:
        rows = list(
            Measurement.objects.filter(tag__name=tag)
            .order_by("timestamp")
            .values_list("timestamp", "value", "is_anomaly")
        )
        assert [(to_micros(row[0]) - to_micros(START)) // 1_000_000 for row in rows] == [*range(SECONDS)]
        values = [value_at(tag, second) for second in range(SECONDS)]
        assert [row[1] for row in rows] == values
        assert [row[2] for row in rows] == by_the_rule(values, -100, 55)
    explained = Finding.objects.values_list("measurement_id").distinct().count()
    assert explained == Measurement.objects.filter(is_anomaly=True).count() > 0
    for span in spans_of(TAGS, None, None, now=START):
        assert [wrong for _, found in rebuild(span, write=False) for wrong in found] == []
    assert set(Series.objects.filter(tag__name__in=TAGS).values_list("measurements", flat=True)) == {SECONDS}
