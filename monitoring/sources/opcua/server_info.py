"""Read the limits, the clock and the namespaces of a server."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from asyncua import Client, ua
from asyncua.client.ua_session import UaSession

from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import to_micros

# Of one request, if the server names no limit or a larger one: a larger answer would hold up other sources.
MOST = 500
LIMITS = (
    ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData,
)
OTHERS = (
    ua.ObjectIds.Server_ServerStatus_StartTime,
    ua.ObjectIds.Server_ServerStatus_CurrentTime,
    ua.ObjectIds.Server_NamespaceArray,
)
NO_NODE = ua.NodeId()


class ServerInfo(NamedTuple):
    """Nodes a request, start of the server and its clock in microseconds since 1970, and its namespaces."""

    items_per_call: int = MOST
    nodes_per_read: int = MOST
    nodes_per_browse: int = MOST
    nodes_per_history: int = MOST
    started_us: int | None = None
    now_us: int | None = None
    namespaces: Sequence[str] = ()


async def read_server(client: Client) -> ServerInfo:
    """Read what a server says about itself; servers that lack a node get the default."""
    nodes = [ua.NodeId(number) for number in (*LIMITS, *OTHERS)]
    found = [value_of(each) for each in await read_nodes(client.uaclient.session, nodes)]
    items, reads, browses, histories = [limit_of(each) for each in found[: len(LIMITS)]]
    started, now, namespaces = found[len(LIMITS) :]
    return ServerInfo(items, reads, browses, histories, micros_of(started), micros_of(now), namespaces or ())


async def read_nodes(
    service: UaSession,
    nodes: Sequence[ua.NodeId],
    attribute: ua.AttributeIds = ua.AttributeIds.Value,
    most: int = MOST,
) -> list[ua.DataValue]:
    """Return an attribute of nodes, at most ``most`` a request, fewer if the server finds those too many."""
    found: list[ua.DataValue] = []
    for chunk in chunks(nodes, most):
        try:
            found += await service.read(read_of(chunk, attribute))
        except ua.uaerrors.BadTooManyOperations:
            if len(chunk) == 1:
                raise
            found += await read_nodes(service, chunk, attribute, (len(chunk) + 1) // 2)
    return found


def read_of(
    nodes: Sequence[ua.NodeId], attribute: ua.AttributeIds = ua.AttributeIds.Value
) -> ua.ReadParameters:
    """Return a request for an attribute of nodes."""
    wanted = [ua.ReadValueId(NodeId=node, AttributeId=attribute) for node in nodes]
    return ua.ReadParameters(TimestampsToReturn=ua.TimestampsToReturn.Both, NodesToRead=wanted)


def value_of(data: ua.DataValue) -> Any:
    """Return the value of a node; None if it is bad."""
    is_good = data.StatusCode is None or data.StatusCode.is_good()
    return data.Value.Value if is_good and data.Value is not None else None


def limit_of(value: object) -> int:
    """Return the number of nodes of one request; servers send 0 for "no limit"."""
    return min(value, MOST) if isinstance(value, int) and value > 0 else MOST


def micros_of(value: object) -> int | None:
    """Return a time in microseconds since 1970; None if there is none."""
    is_time = isinstance(value, datetime) and value > datetime(1970, 1, 2, tzinfo=UTC)
    return to_micros(value) if is_time and isinstance(value, datetime) else None


def node_of(address: str, namespaces: Sequence[str]) -> ua.NodeId:
    """Return the node id of an address; a null id if the server lacks the namespace or the form is wrong.

    ``nsu=URI;...`` stays valid when a server numbers its namespaces anew, ``ns=N;...`` may not.
    """
    uri, has_uri, rest = address.removeprefix("nsu=").partition(";")
    if address.startswith("nsu=") and has_uri:
        if uri not in namespaces:
            return NO_NODE
        address = f"ns={list(namespaces).index(uri)};{rest}"
    try:
        return ua.NodeId.from_string(address)
    except ua.UaError:
        return NO_NODE
