"""Columns that a protocol does not use are refused as new input, everywhere in the same words."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from monitoring.models import Source, SourceMapping
from monitoring.sources.kind import UNUSED, SourceKind
from monitoring.sources.loading import load_config
from monitoring.sources.mapping_settings import MappingInput, input_of
from monitoring.sources.registry import ALL, KINDS
from monitoring.sources.source_file import SourceFileError, export_text, import_text
from tests.sources.fake_kind import make_source, make_tag

TIMES = ["time_format", "time_pointer", "zone"]
ROW: dict[str, Any] = {"address": "1:holding:0", "tag": "r1.temp"}
OF_OLD: dict[str, Any] = ROW | {"value_pointer": "/v", "time_format": "ms"}
SPARKPLUG = "spBv1.0/Plant/r1#/temp"


@pytest.mark.parametrize(
    ("protocol", "address", "unused"),
    [
        ("line_protocol", "weather temp", [*TIMES, "value_pointer"]),
        ("modbus", "1:holding:0", [*TIMES, "value_pointer"]),
        ("opcua", "ns=3;s=Reactor", TIMES),
        ("mqtt", "r1/od", []),
        ("mqtt", SPARKPLUG, TIMES),
    ],
)
def test_each_protocol_names_what_it_does_not_use(protocol: str, address: str, unused: list[str]) -> None:
    kind, full = KINDS[protocol], MappingInput(address, "a", "/v", "/t", "iso", "Europe/Berlin")
    assert kind.check_unused(full.columns) == dict.fromkeys(unused, UNUSED)
    assert kind.check_unused(MappingInput(address, "a").columns) == {}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_no_protocol_leaves_out_a_column_that_is_none(kind: SourceKind) -> None:
    assert kind.unused <= MappingInput("", "").columns.keys()


@pytest.fixture
def modbus(db: None) -> Source:
    """A source with a tag and no mapping."""
    make_tag("r1.temp")
    return make_source("skid", protocol="modbus", settings={"host": "skid.plant"})


@pytest.fixture
def stored(modbus: Source) -> SourceMapping:
    """A mapping as an older Fermon accepted it."""
    return SourceMapping.objects.create(source=modbus, **OF_OLD)


def send(client: Client, method: str, path: str, code: int, body: dict[str, Any]) -> Any:
    answer = client.generic(method, path, json.dumps(body), "application/json")
    assert answer.status_code == code, answer.content
    return answer.json()


def test_new_input_is_refused_by_the_api_and_by_a_file(client: Client, modbus: Source) -> None:
    path = f"/sources/{modbus.pk}/mappings"
    for body in (ROW | {"zone": "UTC"}, ROW | {"time_format": "ms"}):
        assert UNUSED in send(client, "POST", path, 400, body)["detail"]
    assert UNUSED in send(client, "PUT", path, 400, {"mappings": [OF_OLD]})["detail"]
    mapping = '\n[[source.mappings]]\naddress = "1:holding:0"\ntag = "r1.temp"\nzone = "UTC"\n'
    with pytest.raises(SourceFileError, match=f"mappings.0..zone: {UNUSED}"):
        import_text(export_text([modbus], with_tags=False) + mapping)
    assert not SourceMapping.objects.exists()


def test_a_mapping_of_old_runs_and_can_be_changed_elsewhere(client: Client, stored: SourceMapping) -> None:
    path = f"/sources/{stored.source_id}/mappings"
    [rule] = load_config(stored.source).rules
    assert rule.time_format == "ms"
    assert send(client, "PATCH", f"{path}/{stored.pk}", 200, {"factor": 2.0})["factor"] == 2.0
    send(client, "PUT", path, 200, {"mappings": [OF_OLD | {"factor": 3.0}]})
    text = export_text([stored.source], with_tags=False)
    assert import_text(text.replace("factor = 3.0", "factor = 4.0")) == [
        "skid: mapping 1:holding:0 to r1.temp: changed"
    ]
    assert input_of(SourceMapping.objects.get()) == replace(MappingInput(**OF_OLD), factor=4.0)
    refused = send(client, "PATCH", f"{path}/{stored.pk}", 400, {"time_format": "s"})
    assert refused["detail"] == f"mappings[0].time_format: {UNUSED}"


def test_a_column_that_was_used_is_refused_once_the_address_makes_it_unused(client: Client, db: None) -> None:
    make_tag("r1.temp")
    source = make_source(protocol="mqtt")
    path = f"/sources/{source.pk}/mappings"
    made = send(
        client, "POST", path, 201, ROW | {"address": "plant/temp", "time_pointer": "/t", "zone": "UTC"}
    )
    refused = send(client, "PATCH", f"{path}/{made['id']}", 400, {"address": SPARKPLUG})
    assert UNUSED in refused["detail"]


def test_the_form_clears_them(client: Client, stored: SourceMapping) -> None:
    path = f"/sources/{stored.source_id}/mapping?mapping={stored.pk}"
    assert client.post(path, ROW).status_code == 302
    assert input_of(SourceMapping.objects.get()) == MappingInput(**ROW)


def test_the_form_shows_the_error_beside_the_field(client: Client, db: None) -> None:
    make_tag("r1.temp")
    source = make_source(protocol="mqtt")
    answer = client.post(f"/sources/{source.pk}/mapping", ROW | {"address": SPARKPLUG, "zone": "UTC"})
    assert UNUSED in answer.content.decode()
    assert not SourceMapping.objects.exists()
