"""The order for the process that runs Apprise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """A plugin of Apprise by a key of ``plugins.PLUGINS``, its arguments, and the text to send.

    ``native_url`` is the address that the service gave out; the plugin takes it apart. A longer body than
    ``most`` characters goes in parts; 0: as the plugin says.
    """

    plugin: str
    arguments: Mapping[str, Any]
    body: str
    title: str = ""
    native_url: str = ""
    most: int = 0
