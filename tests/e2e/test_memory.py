"""A page that is left open for days does not grow."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Route

from tests.e2e.conftest import PATIENCE_MS

pytestmark = pytest.mark.once

DAY_S = 86_400
TAGS = ("fermenter_temp", "fermenter_ph", "agitator_rpm")
GROWTH_BYTES = 3_000_000
LOOKS = 10


def seconds_of(start: datetime, first: int, last: int) -> str:
    """What the stream says in these seconds: a reading of each tag, now and then an anomaly."""
    lines = ["retry: 100\n\n"]
    for second in range(first, last):
        moment = (start + timedelta(seconds=second)).isoformat()
        for i, tag in enumerate(TAGS):
            item = {
                "id": 1 + 3 * second + i,
                "timestamp": moment,
                "tag": tag,
                "value": 7.0 + second % 60 / 100,
                "is_anomaly": second % 100 == 0,
            }
            lines.append(f"event: measurement\ndata: {json.dumps(item)}\n\n")
    return "".join(lines)


def heap(session: CDPSession) -> int:
    """What the page's scripts hold, in bytes: the least in a while, as an answer may just be read."""
    used = []
    for _ in range(LOOKS):
        session.send("HeapProfiler.collectGarbage")
        used.append(session.send("Runtime.getHeapUsage")["usedSize"])
        time.sleep(0.2)
    return min(used)


def test_a_day_of_readings_leaves_the_heap_as_it_was(dashboard: Any) -> None:
    start = datetime.now(UTC)
    hour = DAY_S // 24
    parts = [(0, hour), (hour, DAY_S // 2), (DAY_S // 2, DAY_S)]
    passed_s = 0

    def tell(route: Route) -> None:
        nonlocal passed_s
        first, passed_s = parts.pop(0) if parts else (passed_s, passed_s + 1)
        route.fulfill(body=seconds_of(start, first, passed_s), content_type="text/event-stream")

    def tell_time(route: Route) -> None:
        health = route.fetch().json()
        route.fulfill(json=health | {"timestamp": (start + timedelta(seconds=passed_s)).isoformat()})

    def wait_for(second: int) -> None:
        last = start + timedelta(seconds=second - 1)
        dashboard.wait_until(f"chart.data.datasets[0].data.at(-1)?.x >= {int(last.timestamp() * 1000)}")

    dashboard.page.set_default_timeout(4 * PATIENCE_MS)  # it is a day
    dashboard.page.route("**/stream?*", tell)
    dashboard.page.route("**/health", tell_time)
    dashboard.open()
    session = dashboard.page.context.new_cdp_session(dashboard.page)
    wait_for(hour)
    before = heap(session)
    wait_for(DAY_S)
    assert heap(session) - before < GROWTH_BYTES
    assert dashboard.chart("chart.data.datasets[0].data.length") < 2000
