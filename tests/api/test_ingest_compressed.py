"""Batches with Content-Encoding: gzip."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from monitoring.models import Measurement

pytestmark = pytest.mark.django_db

READINGS = [
    {"timestamp": f"2026-01-31T12:00:{second:02}Z", "tag": "fermenter_temp", "value": 37.0}
    for second in range(60)
]
PACKED = gzip.compress(json.dumps(READINGS).encode())


def test_it_is_unpacked(post: Callable[..., Any]) -> None:
    answer = post("/ingest/batch", PACKED, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 201
    assert answer.json()["processed"] == Measurement.objects.count() == 60


def test_a_single_reading_too(post: Callable[..., Any]) -> None:
    packed = gzip.compress(json.dumps(READINGS[0]).encode())
    assert post("/ingest", packed, headers={"Content-Encoding": "GZIP"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "encoding", "status", "expected"),
    [
        (json.dumps(READINGS).encode(), "gzip", 400, "body: expected gzip"),
        (PACKED[:-9], "gzip", 400, "body: expected gzip"),
        (PACKED[:30] + b"\xff" * 30, "gzip", 400, "body: expected gzip"),
        (PACKED, "br", 415, "Content-Encoding: expected gzip or none, got 'br'"),
        (PACKED, "identity", 400, "body: expected JSON"),
        (gzip.compress(b" " * (8 * 2**20 + 1)), "gzip", 413, "body: expected at most 8388608 bytes"),
        (gzip.compress(b"[" * 2**27), "gzip", 413, "body: expected at most 8388608 bytes"),
    ],
    ids=["not gzip", "cut short", "damaged", "another encoding", "none after all", "large", "a bomb"],
)
def test_what_can_not_be_unpacked_is_refused(
    post: Callable[..., Any], body: bytes, encoding: str, status: int, expected: str
) -> None:
    answer = post("/ingest/batch", body, headers={"Content-Encoding": encoding})
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(expected)
    assert not Measurement.objects.exists()
