"""The protocols that field sources speak: one folder each, described by its ``kind.py``."""

from monitoring.sources.kind import SourceKind

ALL: tuple[SourceKind, ...] = ()
KINDS = {kind.name: kind for kind in ALL}
