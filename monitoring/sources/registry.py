"""The protocols that field sources speak: one folder each, described by its ``kind.py``."""

from monitoring.sources.kind import SourceKind
from monitoring.sources.line_protocol.kind import KIND as LINE_PROTOCOL

ALL: tuple[SourceKind, ...] = (LINE_PROTOCOL,)
KINDS = {kind.name: kind for kind in ALL}
