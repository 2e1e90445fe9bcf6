"""The protocols that field sources speak: one folder each, described by its ``kind.py``."""

from monitoring.sources.kind import SourceKind
from monitoring.sources.modbus.kind import KIND as MODBUS
from monitoring.sources.mqtt.kind import KIND as MQTT

ALL: tuple[SourceKind, ...] = (MODBUS, MQTT)
KINDS = {kind.name: kind for kind in ALL}
