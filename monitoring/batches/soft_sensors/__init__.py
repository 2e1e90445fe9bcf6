"""Soft sensors: quantities that no probe measures, computed from minute values of a vessel's tags."""
