"""Browse a server's nodes, and suggest tags for its variables."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from asyncua import Client, ua

from monitoring.kernel.chunks import chunks
from monitoring.models.source import MOST_RAW
from monitoring.sources.opcua.server_info import ServerInfo, read_nodes, value_of
from monitoring.sources.opcua.values import WHOLE, raw_of
from monitoring.sources.patterns import LONGEST_TAG
from monitoring.sources.session import Point

MOST_NODES = 50_000
SERVER = ua.NodeId(ua.ObjectIds.Server)  # its variables are about the server itself
OBJECTS = ua.NodeId(ua.ObjectIds.ObjectsFolder)
HIERARCHY = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
PROPERTIES = ua.NodeId(ua.ObjectIds.HasProperty)
FOLDERS = int(ua.NodeClass.Object) | int(ua.NodeClass.Variable)
SUGGESTING = frozenset(
    ("EngineeringUnits", "EURange", "EnumStrings", "EnumValues", "TrueState", "FalseState")
)
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
NUMBERS = WHOLE | {ua.VariantType.Float}


class Found(NamedTuple):
    """A node below another one; ``path`` are the names from the start of browsing."""

    node: ua.NodeId
    path: tuple[str, ...]
    is_variable: bool


@dataclass(slots=True)
class Described:
    """A variable with the values of its properties."""

    found: Found
    value: ua.DataValue
    kind: ua.NodeId | None
    properties: Mapping[str, Any] = field(default_factory=dict)


class Browser:
    """Browses within the limits of a server."""

    def __init__(self, client: Client, info: ServerInfo) -> None:
        self._service, self._info = client.uaclient.session, info
        self._states: dict[str, Sequence[str]] = {}  # of types of data

    async def children(
        self, parents: Sequence[Found], reference: ua.NodeId = HIERARCHY
    ) -> list[tuple[Found, list[Found]]]:
        """Return the nodes below each parent."""
        found = []
        for chunk in chunks(parents, self._info.nodes_per_browse):
            wanted = [describing(parent.node, reference) for parent in chunk]
            results = await self._service.browse(ua.BrowseParameters(NodesToBrowse=wanted))
            for parent, result in zip(chunk, results, strict=True):
                references = [each async for each in self._references(result)]
                found.append((parent, [below(parent, each) for each in references]))
        return found

    async def _references(self, result: ua.BrowseResult) -> AsyncIterator[ua.ReferenceDescription]:
        while True:
            for reference in result.References or ():
                yield reference
            if not result.ContinuationPoint:
                return
            parameters = ua.BrowseNextParameters(False, [result.ContinuationPoint])
            result = (await self._service.browse_next(parameters))[0]

    async def variables(self, start: Found) -> AsyncIterator[list[Found]]:
        """Yield the variables below a node, level by level; each node once."""
        seen, level = {start.node, SERVER}, [start]
        while level and len(seen) < MOST_NODES:
            following = []
            for _, found in await self.children(level):
                fresh = [each for each in found if each.node not in seen]
                seen.update(each.node for each in fresh)
                following += fresh
            yield [each for each in following if each.is_variable]
            level = following

    async def describe(self, variables: Sequence[Found]) -> list[Described]:
        """Read value, type and properties of variables."""
        described = []
        for chunk in chunks(variables, self._info.nodes_per_read):
            nodes = [each.node for each in chunk]
            values = await read_nodes(self._service, nodes)
            kinds = await read_nodes(self._service, nodes, ua.AttributeIds.DataType)
            described += [
                Described(found, value, value_of(kind))
                for found, value, kind in zip(chunk, values, kinds, strict=True)
            ]
        await self._read_properties(described)
        await self._read_states(described)
        return described

    async def _read_properties(self, described: Sequence[Described]) -> None:
        found = await self.children([each.found for each in described], PROPERTIES)
        wanted = [
            (place, prop.path[-1], prop.node)
            for place, (_, properties) in enumerate(found)
            for prop in properties
            if prop.path[-1] in SUGGESTING
        ]
        for chunk in chunks(wanted, self._info.nodes_per_read):
            values = await read_nodes(self._service, [node for _, _, node in chunk])
            for (place, name, _), value in zip(chunk, values, strict=True):
                described[place].properties = {**described[place].properties, name: value_of(value)}

    async def _read_states(self, described: Sequence[Described]) -> None:
        """Read the names of states that a type of data defines, once a type."""
        own = {
            each.kind.to_string(): each.kind for each in described if each.kind and not is_built_in(each.kind)
        }
        unknown = [Found(kind, (), False) for name, kind in own.items() if name not in self._states]
        for parent, properties in await self.children(unknown, PROPERTIES):
            named = [each for each in properties if each.path[-1] in {"EnumStrings", "EnumValues"}]
            self._states[parent.node.to_string()] = ()
            for prop in named[:1]:
                value = value_of((await read_nodes(self._service, [prop.node]))[0])
                self._states[parent.node.to_string()] = states_of(value)
        for each in described:
            names = self._states.get(each.kind.to_string()) if each.kind else None
            if names and "EnumStrings" not in each.properties:
                each.properties = {**each.properties, "EnumStrings": names}


def describing(node: ua.NodeId, reference: ua.NodeId) -> ua.BrowseDescription:
    """Return a request for the nodes below a node."""
    return ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=ua.BrowseDirection.Forward,
        ReferenceTypeId=reference,
        IncludeSubtypes=True,
        NodeClassMask=FOLDERS,
        ResultMask=ua.BrowseResultMask.All,
    )


def below(parent: Found, reference: ua.ReferenceDescription) -> Found:
    """Return the node of a reference."""
    name = reference.DisplayName.Text or reference.BrowseName.Name or ""
    is_property = reference.ReferenceTypeId == PROPERTIES
    is_variable = reference.NodeClass == ua.NodeClass.Variable and not is_property
    if is_property:  # known by the standard's name, whatever the language
        name = reference.BrowseName.Name or name
    return Found(plain(reference.NodeId), (*parent.path, name), is_variable)


def plain(node: ua.NodeId) -> ua.NodeId:
    """Return a node id without server and namespace URI, as it is compared and stored."""
    return ua.NodeId(node.Identifier, node.NamespaceIndex)


def is_built_in(kind: ua.NodeId) -> bool:
    """Return whether a type of data is one of the basic ones, which have no states of their own."""
    return kind.NamespaceIndex == 0 and isinstance(kind.Identifier, int) and kind.Identifier <= 29


def states_of(value: object) -> Sequence[str]:
    """Return the names of states from 0 on, of a list of texts or of values with names."""
    if not isinstance(value, list):
        return ()
    if all(hasattr(each, "Value") for each in value):
        names = {each.Value: each.DisplayName.Text for each in value}
        return (
            [names.get(number, "") or "" for number in range(max(names, default=-1) + 1)]
            if few(names)
            else ()
        )
    return [getattr(each, "Text", None) or str(each) for each in value]


def few(names: Iterable[int]) -> bool:
    """Return whether values of states are few and small."""
    return all(0 <= each < 1_000 for each in names)


def point_of(described: Described) -> Point:
    """Return a variable as a point, with a suggestion for a tag."""
    found = described.found
    return Point(found.node.to_string(), raw_of(described.value)[:MOST_RAW], suggestion_of(described))


def suggestion_of(described: Described) -> dict[str, object]:
    """Return the fields of a tag that a variable suggests."""
    properties = described.properties
    suggestion: dict[str, object] = {"display_name": described.found.path[-1][:LONGEST_TAG]}
    if kind_of(described) not in NUMBERS or described.value.Value.is_array:
        return suggestion  # no number: it becomes no tag by itself
    suggestion["tag"] = tag_name(described.found.path)
    unit = getattr(properties.get("EngineeringUnits"), "DisplayName", None)
    if unit is not None and unit.Text:
        suggestion["unit"] = unit.Text[:20]
    limits = properties.get("EURange")
    if limits is not None and limits.High > limits.Low:
        suggestion |= {"valid_min": limits.Low, "valid_max": limits.High}
    states = state_names(described)
    if states:
        suggestion |= {"kind": "discrete", "states": states}
        suggestion |= {"valid_min": min(map(int, states)), "valid_max": max(map(int, states))}
    return suggestion


def state_names(described: Described) -> dict[str, str]:
    """Return the names of a variable's states, by value."""
    properties = described.properties
    names = states_of(properties.get("EnumStrings")) or states_of(properties.get("EnumValues"))
    if not names and kind_of(described) == ua.VariantType.Boolean:
        texts = [getattr(properties.get(name), "Text", None) for name in ("FalseState", "TrueState")]
        names = [texts[0] or "off", texts[1] or "on"]
    return {str(number): name for number, name in enumerate(names) if name}


def kind_of(described: Described) -> ua.VariantType | None:
    """Return the type of a variable's value."""
    return described.value.Value.VariantType if described.value.Value is not None else None


def tag_name(path: Sequence[str]) -> str:
    """Return a name for a tag, of the last names of a path that fit."""
    parts = [NOT_IN_NAMES.sub("_", each).strip("_.-") for each in path]
    name = ""
    for part in reversed([part for part in parts if part]):
        longer = f"{part}.{name}" if name else part
        if len(longer) > LONGEST_TAG:
            break
        name = longer
    name = name or (parts[-1] if parts else "")
    return (name if name[:1].isalpha() else f"n{name}")[:LONGEST_TAG]
