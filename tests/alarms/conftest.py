"""Fixtures of the alarms' tests."""

from collections.abc import Iterator

import pytest

from tests.alarms.plant import Plant


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Plant]:
    plant = Plant(monkeypatch)
    yield plant
    plant.evaluator.leave()
