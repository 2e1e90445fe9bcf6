"""The protocols that field sources speak: one folder each, described by its ``kind.py``."""

from monitoring.sources.kind import SourceKind
from monitoring.sources.modbus.kind import KIND as MODBUS

ALL: tuple[SourceKind, ...] = (MODBUS,)
KINDS = {kind.name: kind for kind in ALL}
