"""Full collections of garbage visit what came after the program was loaded, and nothing of the program."""

import gc
import sys

import pytest

from monitoring.operations.serving.loaded_heap import freeze_loaded


def test_the_loaded_program_is_exempt_from_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    # The real ones would find what other tests of this process left behind.
    calls: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: calls.append("collect"))
    monkeypatch.setattr(gc, "freeze", lambda: calls.append("freeze"))
    freeze_loaded()
    assert calls == ["collect", "freeze"]
    assert "monitoring.api.ingest" in sys.modules
