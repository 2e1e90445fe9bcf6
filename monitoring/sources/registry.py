"""The protocols that field sources speak: one folder each, described by its ``kind.py``."""

from monitoring.sources.kind import SourceKind
from monitoring.sources.modbus.kind import KIND as MODBUS
from monitoring.sources.opcua.kind import KIND as OPCUA

ALL: tuple[SourceKind, ...] = (MODBUS, OPCUA)
KINDS = {kind.name: kind for kind in ALL}
