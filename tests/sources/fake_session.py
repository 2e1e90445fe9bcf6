"""A session in memory, for tests of drivers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitoring.models import Quality
from monitoring.sources.config import SourceConfig
from monitoring.sources.session import Malformed, Sample, State


@dataclass
class FakeSession:
    """Stores at once unless ``is_full``; with ``holds``, ``on_stored`` callbacks wait in ``waiting``."""

    config: SourceConfig
    samples: list[Sample] = field(default_factory=list)
    malformed: list[Malformed] = field(default_factory=list)
    waiting: list[Callable[[], None]] = field(default_factory=list)
    qualities: list[tuple[Any, ...]] = field(default_factory=list)
    gaps: list[tuple[Any, ...]] = field(default_factory=list)
    points: dict[str, str] = field(default_factory=dict)
    suggestions: dict[str, Mapping[str, object]] = field(default_factory=dict)
    states: list[tuple[State, str]] = field(default_factory=list)
    offsets: list[float] = field(default_factory=list)
    notices: dict[str, str] = field(default_factory=dict)
    confirmed: int = 0
    stored: dict[str, int] = field(default_factory=dict)
    is_full: bool = False
    holds: bool = False

    def offer(self, items: Sequence[Sample | Malformed], on_stored: Callable[[], None] | None = None) -> bool:
        if self.is_full:
            return False
        for item in items:
            if isinstance(item, Sample):
                self.samples.append(item)
                self.stored[item.tag] = max(self.stored.get(item.tag, 0), item.time_us or 0)
            else:
                self.malformed.append(item)
        if on_stored and self.holds:
            self.waiting.append(on_stored)
        elif on_stored:
            on_stored()
        return True

    async def put(self, items: Sequence[Sample | Malformed]) -> None:
        while not self.offer(items):
            await asyncio.sleep(0.01)

    async def flush(self) -> None:
        await asyncio.sleep(0)

    def quality(
        self,
        tags: Sequence[str],
        quality: Quality | None,
        *,
        time_us: int,
        code: int | None = None,
        word: str = "",
    ) -> None:
        self.qualities += [(tag, quality, time_us, code, word) for tag in tags]

    def confirm(self, time_us: int) -> None:
        self.confirmed = max(self.confirmed, time_us)

    def gap(
        self, begin_us: int, end_us: int | None, reason: str, *, tags: Sequence[str] = (), filled: int = 0
    ) -> None:
        self.gaps.append((begin_us, end_us, reason, tuple(tags), filled))

    def seen(self, address: str, raw: str, suggestion: Mapping[str, object] | None = None) -> None:
        self.points[address] = raw
        if suggestion:
            self.suggestions[address] = suggestion

    def state(self, state: State, text: str = "") -> None:
        self.states.append((state, text))

    def clock(self, offset_ms: float) -> None:
        self.offsets.append(offset_ms)

    def notice(self, key: str, text: str) -> None:
        if text:
            self.notices[key] = text
        else:
            self.notices.pop(key, None)

    async def newest(self, tags: Sequence[str]) -> dict[str, int]:
        return {tag: self.stored[tag] for tag in tags or self.stored if tag in self.stored}
