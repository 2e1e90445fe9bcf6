"""The benchmark's readings: the simulator's signals, as a source would send them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.kernel.tag_definition import DEFAULT_TAGS
from monitoring.sources.simulator.signals import simulate

SEED = 7
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


def readings(count: int, *, skip: int = 0) -> list[dict[str, Any]]:
    """Return ``count`` readings of three tags, one a second each, from ``BEGIN`` plus ``skip`` seconds."""
    seconds = -(-count // len(DEFAULT_TAGS))
    start = int((BEGIN + timedelta(seconds=skip)).timestamp())
    signals = {
        tag.definition.name: simulate(tag, seed=SEED, start=start, stop=start + seconds).value.tolist()
        for tag in DEFAULT_TAGS
    }
    sent = [
        {
            "timestamp": f"{datetime.fromtimestamp(start + index, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "tag": name,
            "value": values[index],
        }
        for index in range(seconds)
        for name, values in signals.items()
    ]
    return sent[:count]


def batches(count: int, size: int) -> list[bytes]:
    """Return bodies of ``/ingest/batch`` with ``size`` readings each."""
    sent = readings(count)
    return [json.dumps(sent[start : start + size]).encode() for start in range(0, count, size)]


def singles(count: int, *, skip: int) -> list[bytes]:
    """Return bodies of ``/ingest`` with one reading each."""
    return [json.dumps(reading).encode() for reading in readings(count, skip=skip)]
