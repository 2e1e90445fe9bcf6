"""The configuration of a field source as its driver gets it: a snapshot of one revision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MappingRule:
    """The tag that the values of an address become; the fields are those of ``models.SourceMapping``.

    A stored value is ``value * factor + offset``, rounded to ``decimals`` if the tag sets them.
    """

    address: str
    tag: str
    value_pointer: str = ""
    time_pointer: str = ""
    time_format: str = ""
    zone: str = ""
    factor: float = 1.0
    offset: float = 0.0
    options: Mapping[str, object] = field(default_factory=dict)

    def scaled(self, value: float) -> float:
        """Return the value in the tag's unit."""
        if self.factor == 1.0 and self.offset == 0.0:
            return value
        return value * self.factor + self.offset


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """A source with its mappings. ``fields`` are the settings with secrets resolved; log none of them.

    ``secrets`` are the values that may stand in no text. ``trusted_certificate`` is a SHA-256 fingerprint in
    hexadecimal, empty if no person has trusted one.
    """

    id: int
    name: str
    protocol: str
    fields: Mapping[str, str]
    rules: Sequence[MappingRule] = ()
    uses_receive_time: bool = False
    trusted_certificate: str = ""
    revision: int = 1
    secrets: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()  # addresses of points that a person has ignored
    tags: frozenset[str] | None = None  # names of all tags; None: unknown
