"""The thread that records points in the background."""

import threading

import pytest

from monitoring.sources.line_protocol import points
from monitoring.sources.line_protocol.points import PointRecorder


def test_after_an_unforeseen_error_another_thread_can_start(monkeypatch) -> None:
    recorder = PointRecorder()

    def fail() -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(points, "FLUSH_S", 0)
    monkeypatch.setattr(recorder, "flush", fail)
    recorder._thread = threading.current_thread()
    with pytest.raises(RuntimeError, match="unforeseen"):
        recorder._run()
    assert recorder._thread is None
