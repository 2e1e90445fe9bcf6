"""A monitored node: its values become samples and changes of quality, live or from history."""

from dataclasses import dataclass, field
from typing import NamedTuple

from asyncua import ua

from monitoring.kernel.clock import to_micros
from monitoring.models import Quality
from monitoring.sources.config import MappingRule
from monitoring.sources.opcua.kind import deadband_of, element_of, sampling_of
from monitoring.sources.opcua.values import decode, raw_of, time_of
from monitoring.sources.session import Malformed, Sample

QualityKey = tuple[Quality | None, int | None]


class Change(NamedTuple):
    """A tag's quality from a time on; None is Good."""

    tag: str
    quality: Quality | None
    time_us: int
    code: int | None
    word: str


Entry = Sample | Malformed | Change


@dataclass(slots=True)
class Reader:
    """Turn the values of a node, in order of time, into entries."""

    rule: MappingRule
    element: int | None = None
    last_us: int = 0
    last_value: float | None = None
    source_us: int | None = None  # of the last value, as the source gave it
    quality: QualityKey | None = None  # unknown
    quality_us: int = 0
    is_malformed: bool = False

    def read(self, data: ua.DataValue, received_us: int, shift_us: int | None = None) -> list[Entry]:
        """Return the entries of a value. ``shift_us`` turns times of the source into times of receipt."""
        decoded = decode(data, self.element)
        time_us = self._time_of(data, decoded.value, received_us, shift_us)
        entries: list[Entry] = []
        if (decoded.quality, decoded.code) != self.quality:
            entries.append(self.change(decoded.quality, time_us, decoded.code, decoded.word))
        if decoded.fault and not self.is_malformed:
            self.is_malformed = True
            entries.append(Malformed(self.rule.tag, raw_of(data), decoded.fault))
        if decoded.value is not None:
            self.is_malformed = False
            self.last_us, self.last_value = time_us, decoded.value
            entries.append(Sample(self.rule.tag, time_us, self.rule.scaled(decoded.value)))
        return entries

    def change(self, quality: Quality | None, time_us: int, code: int | None, word: str) -> Change:
        """Return a change of the quality, which never lies before the last one."""
        self.quality, self.quality_us = (quality, code), max(time_us, self.quality_us)
        return Change(self.rule.tag, quality, self.quality_us, code, word)

    def _time_of(
        self, data: ua.DataValue, value: float | None, received_us: int, shift_us: int | None
    ) -> int:
        """Return the time of a value, which differs from that of another value before."""
        time_us = time_of(data)
        if time_us is None:
            return received_us
        is_same, self.source_us = time_us == self.source_us, time_us
        if shift_us is not None:
            return max(time_us + shift_us, self.last_us + 1)
        if is_same and self.last_value is not None and value not in (None, self.last_value):
            # The source's clock has stopped while its value changes.
            server_us = to_micros(data.ServerTimestamp) if data.ServerTimestamp else 0
            return server_us if server_us > self.last_us else max(received_us, self.last_us + 1)
        return time_us


@dataclass(slots=True)
class Item:
    """A node that the subscription monitors. ``server_handle`` is None while the server has no such item."""

    rule: MappingRule
    node: ua.NodeId
    handle: int
    newest_us: int | None = None  # stored before the item was made
    first_us: int | None = None  # of the first value since then
    sampling_ms: float = 1_000
    deadband: float = 0.0
    has_filter: bool = True
    server_handle: int | None = None
    status: int = 0  # why the server has no such item
    is_first: bool = True
    heard: float = 0.0  # monotonic
    missed: int = 0  # re-read values that no notification had brought
    held: list[Entry] | None = None  # what came while the past is being read
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.sampling_ms, self.deadband = sampling_of(self.rule), deadband_of(self.rule)
        self.reader = self.new_reader()

    @property
    def tag(self) -> str:
        """The tag of the values."""
        return self.rule.tag

    @property
    def is_live(self) -> bool:
        """Whether the server monitors the node."""
        return self.server_handle is not None

    def new_reader(self) -> Reader:
        """Return a reader that begins after the newest stored value."""
        return Reader(self.rule, element_of(self.rule), self.newest_us or 0)
