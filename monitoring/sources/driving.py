"""Find the driver of a protocol, imported at the first use: the libraries of protocols are optional."""

import importlib
from types import ModuleType
from typing import cast

from monitoring.sources import registry
from monitoring.sources.kind import SourceKind
from monitoring.sources.libraries import REMEDY, missing_libraries
from monitoring.sources.session import Driver, Probe, SourceError


def kind_of(protocol: str) -> SourceKind:
    """Return the description of a protocol.

    Raises:
        SourceError: this version has no such protocol.
    """
    kind = registry.KINDS.get(protocol)
    if kind is None:
        raise SourceError(f"This version of Fermon does not speak {protocol!r}.")
    return kind


def collected_protocols() -> list[str]:
    """Return the protocols whose sources the collector runs."""
    return [name for name, kind in registry.KINDS.items() if kind.is_collected]


def load_driver(protocol: str) -> Driver:
    """Return the driver of a protocol. Importing its library may take seconds: call in a thread.

    Raises:
        SourceError: a library is missing.
    """
    return cast(Driver, load(protocol, "driver").run)


def load_probe(protocol: str) -> Probe:
    """Return the connection test and the discovery of a protocol; as ``load_driver``."""
    return cast(Probe, load(protocol, "probe"))


def load(protocol: str, module: str) -> ModuleType:
    """Import a module of a protocol's package."""
    kind = kind_of(protocol)
    if missing := missing_libraries(kind):
        raise SourceError(f"{kind.label} needs {', '.join(missing)}. {REMEDY}")
    return importlib.import_module(f"{kind.package}.{module}")
