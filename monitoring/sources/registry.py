"""The protocols that field sources speak: one folder each, described by its ``kind.py``."""

from monitoring.sources.kind import SourceKind
from monitoring.sources.line_protocol.kind import KIND as LINE_PROTOCOL
from monitoring.sources.modbus.kind import KIND as MODBUS
from monitoring.sources.mqtt.kind import KIND as MQTT
from monitoring.sources.opcua.kind import KIND as OPCUA

ALL: tuple[SourceKind, ...] = (LINE_PROTOCOL, MQTT, OPCUA, MODBUS)
KINDS = {kind.name: kind for kind in ALL}
