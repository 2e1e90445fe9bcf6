"""Connection test, discovery and listening without a peer."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from monitoring.sources.config import SourceConfig
from monitoring.sources.session import Point, SourceError, Step


async def check_connection(config: SourceConfig) -> AsyncIterator[Step]:
    """Yield two steps, the second of which fails for a driver that is refused."""
    yield Step("Name", None)
    yield Step("Name", True, "resolved")
    if config.fields["does"] == "stubborn":
        await asyncio.sleep(3_600)
    is_refused = config.fields["does"] == "refuse"
    yield Step("Login", not is_refused, f"with {config.fields.get('password', '')}")


async def discover(config: SourceConfig, parameters: Mapping[str, object]) -> AsyncIterator[Point]:
    """Yield a folder and two points."""
    if config.fields["does"] == "refuse":
        raise SourceError("Login refused.")
    yield Point("folder", children=2)
    yield Point("folder/a", "1.5", {"tag": "a"})
    yield Point("folder/b", "2.5")


async def listen(config: SourceConfig, parameters: Mapping[str, object]) -> AsyncIterator[dict[str, object]]:
    """Yield two messages."""
    yield {"address": "a", "raw": "1"}
    yield {"address": "b", "raw": "2"}
