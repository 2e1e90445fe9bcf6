"""One of many writers: sends parts of the same readings as the others, in an order of its own, for so long.

``python -m tests.ingest.hammer SEED SECONDS``; it ends with an error at the first answer that is none,
else it tells how many of its readings had to be refused, and were.
"""

import math
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAGS = [f"hammer.{number:02}" for number in range(20)]
SECONDS = 1500
BEYOND = 999
LOCK_NOT_AVAILABLE = "55P03"  # SQLSTATE


def value_at(tag: str, second: int) -> float:
    """The tag's value; one in a hundred is far off, so that flags turn when it comes late."""
    rng = random.Random(f"{tag} {second}")
    return 40 + 3 * math.sin(second / 60) + rng.gauss(0, 1) + (20 if rng.random() < 0.01 else 0)


def reading(tag: str, second: int) -> dict[str, object]:
    moment = START + timedelta(seconds=second)
    return {"tag": tag, "timestamp": moment.isoformat(), "value": value_at(tag, second)}


def some_readings(rng: random.Random) -> list[dict[str, object]]:
    """A batch: stretches of several tags, mixed, now and then with the same reading twice."""
    batch = []
    for tag in rng.sample(TAGS, rng.randint(1, 6)):
        start, length = rng.randrange(SECONDS), rng.choice([1, 1, 3, 20, 60])
        batch += [reading(tag, second) for second in range(start, min(SECONDS, start + length))]
    batch += [reading(tag, 0) | {"value": BEYOND} for tag in rng.sample(TAGS, rng.randint(0, 3))]
    rng.shuffle(batch)
    return batch + batch[: rng.randint(0, 1)]


def sent(batch: list[dict[str, object]], source: str) -> Any:
    """The outcomes. As any source does, it sends again what did not get a lock in time."""
    from django.db import OperationalError

    from monitoring.ingest.pipeline import ingest_readings

    while True:
        try:
            return ingest_readings(batch, source=source)
        except OperationalError as error:
            is_locked = getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE
            if not (is_locked or str(error) == "database is locked"):
                raise


def main(seed: str, seconds: str) -> None:
    import django

    django.setup()
    rng, end, refused = random.Random(seed), time.monotonic() + float(seconds), 0
    while time.monotonic() < end:
        batch = some_readings(rng)
        outcomes = sent(batch, f"hammer {seed}")
        reasons = [outcome.reason for outcome in outcomes.others.values() if outcome.reason is not None]
        assert reasons == ["above_valid_range"] * sum(item["value"] == BEYOND for item in batch), reasons
        refused += len(reasons)
    sys.stdout.write(f"{refused}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
