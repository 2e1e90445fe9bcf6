"""The pages of sources as the server renders them, and what people do there."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.dashboard import source_words as words
from monitoring.models import (
    PointState,
    Source,
    SourceGap,
    SourceJob,
    SourceMapping,
    SourcePoint,
    SourceStatus,
    Tag,
)
from tests.dashboard.test_alarm_pages import page
from tests.dashboard.test_alarm_pages import text_of as text_of_page
from tests.sources.fake_kind import TYPED, make_source, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fake_kinds", "data_dir_made")]
PRINT = "0123456789abcdef" * 4
FORM = {"name": "broker", "field_host": "broker.plant", "field_mode": "tls", "field_password": TYPED}


@pytest.fixture
def data_dir_made(settings: Settings) -> None:
    """The directory for the key that encrypts secrets."""
    settings.FERMON_DATA_DIR.mkdir(exist_ok=True)


def text_of(html: str) -> str:
    return text_of_page(html if "<body>" in html else f"<body>{html}")


def text(client: Client, path: str) -> str:
    return text_of(page(client, path))


def give_job(source: Source, kind: str, state: str = "done", **columns: Any) -> SourceJob:
    job: SourceJob = SourceJob.objects.create(
        source=source, kind=kind, state=state, asked_at=datetime.now(UTC) - timedelta(minutes=1), **columns
    )
    return job


def test_a_newcomer_adds_a_source_tests_it_and_enables_it(client: Client) -> None:
    assert "No source yet. A source fetches readings" in text(client, "/sources")
    offered = page(client, "/sources/add")
    assert 'href="?protocol=fake"' in offered
    assert "needs no-such-module==1.2.3" in text_of(offered)
    assert "./start.sh --with-sources" in text_of(offered)
    wrong = client.post("/sources/add?protocol=fake", FORM | {"field_host": "bad"})
    assert wrong.status_code == 400
    assert "This is no host." in text_of(wrong.content.decode())
    assert TYPED not in wrong.content.decode()
    answer = client.post("/sources/add?protocol=fake", FORM)
    source = Source.objects.get()
    path = f"/sources/{source.pk}"
    assert answer["Location"] == path
    assert source.settings == {"host": "broker.plant", "mode": "tls"}
    shown = text(client, path)
    assert (
        "Host broker.plant Mode TLS Password stored Time of readings the time that the source gives" in shown
    )
    assert "Test the connection, then discover" in shown
    assert client.post(f"{path}/act", {"act": "test"})["Location"] == f"{path}#job"
    job = SourceJob.objects.get()
    assert "Connection test begins ..." in text(client, path)
    steps = [
        {"name": "Name resolved", "is_done": True, "text": "10.0.0.5"},
        {"name": "Login", "is_done": False, "text": "Refused: wrong password."},
    ]
    SourceJob.objects.filter(pk=job.pk).update(state="failed", steps=steps)
    part = page(client, f"{path}?part=job")
    assert "<h1" not in part
    assert "data-over" in part
    assert "✓ Name resolved done : 10.0.0.5 ✗ Login failed : Refused: wrong password." in text_of(part)
    client.post(f"{path}/act", {"act": "enable"})
    assert Source.objects.get().is_enabled
    assert "○ waits: no collector runs" in text(client, "/sources")


def test_a_stored_secret_stays_is_replaced_or_forgotten(client: Client) -> None:
    client.post("/sources/add?protocol=fake", FORM)
    source = Source.objects.get()
    before, path = source.secrets["password"], f"/sources/{source.pk}/change"
    shown = page(client, path)
    assert "Stored; type to replace." in text_of(shown)
    assert before not in shown
    assert TYPED not in shown
    same = FORM | {"field_password": "", "group": "V1", "uses_receive_time": "on"}
    assert client.post(path, same).status_code == 302
    source.refresh_from_db()
    assert (source.secrets["password"], source.group, source.uses_receive_time) == (before, "V1", True)
    moved = client.post(path, same | {"field_host": "elsewhere.plant"})
    assert moved.status_code == 400
    assert "The connection has changed: type the secret again." in text_of(moved.content.decode())
    client.post(path, same | {"clear_password": "on"})
    assert Source.objects.get().secrets == {}


def test_engineers_see_the_connection_and_cannot_change_it(
    client: Client, settings: Settings, account: Callable[[str], User]
) -> None:
    settings.FERMON_OPEN = False
    source = make_source()
    path = f"/sources/{source.pk}"
    client.force_login(account("engineer"))
    shown = page(client, f"{path}/change")
    assert re.search(r'name="field_host"[^>]* disabled', shown)
    assert "Set by an administrator." in shown
    client.post(f"{path}/change", FORM | {"field_host": "evil.plant", "field_pause": "9", "name": "broker"})
    source.refresh_from_db()
    assert (source.settings["host"], source.settings["pause"]) == ("broker.plant", "9")
    assert "Delete this source" not in page(client, path)
    for act in ("delete", "trust"):
        assert client.post(f"{path}/act", {"act": act}).status_code == 403
    client.force_login(account("viewer"))
    shown = text(client, path)
    assert "broker.plant" not in shown
    assert "Mappings" not in shown
    assert client.get(f"{path}?part=job", headers={"accept": "text/html"}).status_code == 404
    assert client.post(f"{path}/act", {"act": "enable"}).status_code == 403


def test_the_list_has_state_rate_clock_error_gaps_and_notices(client: Client) -> None:
    now = datetime.now(UTC)
    well, ill = make_source("well", is_enabled=True), make_source("ill", is_enabled=True)
    SourceStatus.objects.create(
        source=well,
        state="connected",
        since=now,
        rate=2.5,
        lag_ms=120,
        clock_offset_ms=-12_300,
        updated_at=now,
    )
    SourceStatus.objects.create(
        source=ill,
        state="failed",
        error="Nobody answers.",
        error_at=now,
        notices=["The broker forgets messages: set autosave_interval."],
        updated_at=now,
    )
    SourceGap.objects.create(source=ill, begin=now - timedelta(minutes=5), end=now, reason="away")
    shown = page(client, "/sources?part=states")
    assert re.search(rf'id="state-{ill.pk}" class="state-cell" data-needs>', shown)
    assert re.search(rf'id="state-{well.pk}" class="state-cell">', shown)
    assert re.search(rf'id="clock-{well.pk}" data-label="Clock" data-off>12.3 s behind', shown)
    for part in (
        *("● connected since", "2.5/s", "120 ms", "✗ failed, tries again", "Nobody answers."),
        *("1 of 5 min", "! The broker forgets messages", "Nothing is mapped yet."),
    ):
        assert part in text_of(shown), part
    detail = text(client, f"/sources/{ill.pk}")
    assert "Last gaps" in detail
    assert "away" in detail
    assert "✗ failed, tries again" in text(client, f"/sources/{ill.pk}?part=status")
    SourceStatus.objects.filter(source=well).update(updated_at=now - timedelta(minutes=1))
    assert "2.5/s" not in text_of(page(client, "/sources?part=states"))  # of a minute ago, not of now


@pytest.mark.parametrize(
    ("offset_ms", "said"),
    [
        (0.2, "right"),
        (1500, "1.5 s ahead"),
        (-90_000, "90 s behind"),
        (
            400_000,
            "6 min ahead: its readings are refused as in the future. Set its clock, or use the receive",
        ),
    ],
)
def test_a_clock_in_words(offset_ms: float, said: str) -> None:
    assert words.clock_text(offset_ms).startswith(said)


@pytest.mark.parametrize(
    ("factor", "offset", "said"), [(1, 0, ""), (0.1, 0, "× 0.1"), (1, 2, "+ 2"), (1.8, -32, "× 1.8 − 32")]
)
def test_scaling_in_words(factor: float, offset: float, said: str) -> None:
    assert words.scale_text(factor, offset) == said


@pytest.mark.parametrize(("rate", "said"), [(12.4, "12/s"), (0.5, "30/min"), (0.001, "3.6/h"), (0, "0/h")])
def test_a_rate_in_words(rate: float, said: str) -> None:
    assert words.rate_text(rate) == said


def test_a_job_that_nobody_takes_names_the_collector(
    client: Client, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(datetime.now(UTC), tick=False)
    source = make_source()
    give_job(source, "test", "waiting")
    assert "no collector has taken it up" in text(client, f"/sources/{source.pk}")
    assert client.post(f"/sources/{source.pk}/act", {"act": "test"}).status_code == 302
    again = client.post(f"/sources/{source.pk}/act", {"act": "test"})
    assert again.status_code == 400
    assert "One test a second: try again." in again.content.decode()


def test_a_certificate_is_shown_and_trusted_by_a_person(client: Client) -> None:
    source = make_source()
    path = f"/sources/{source.pk}"
    give_job(
        source,
        "test",
        "failed",
        steps=[{"name": "certificate", "is_done": False, "text": f"SHA-256 {PRINT.upper()}"}],
    )
    shown = page(client, path)
    assert f'value="{PRINT}"' in shown
    assert shown.count("Trust this certificate") == 1
    client.post(f"{path}/act", {"act": "trust", "fingerprint": PRINT})
    assert Source.objects.get().trusted_certificate == PRINT
    assert "Trust this certificate" not in page(client, path)
    SourceStatus.objects.create(
        source=source, state="failed", error=f"The certificate has changed to {'ab' * 32}."
    )
    assert f'value="{"ab" * 32}"' in page(client, path)
    client.post(f"{path}/act", {"act": "trust"})
    assert Source.objects.get().trusted_certificate == ""


POINTS = [
    {"address": "Folder", "children": 3},
    {
        "address": "Temp",
        "raw": "37.1",
        "suggestion": {
            "tag": "r1.temp",
            "unit": "°C",
            "valid_min": 0.0,
            "valid_max": 100.0,
            "display_name": "Heat",
        },
    },
    {"address": "pH", "raw": "7"},
    {"address": "Old", "raw": "1"},
]


def test_discovered_points_are_ticked_and_become_tags(client: Client) -> None:
    source = make_source(group="V1")
    path = f"/sources/{source.pk}"
    make_tag("old")
    SourceMapping.objects.create(source=source, address="Old", tag="old")
    SourcePoint.objects.create(
        source=source, address="Temp", first_seen=datetime.now(UTC), last_seen=datetime.now(UTC)
    )
    give_job(source, "discover", result={"points": POINTS})
    shown = page(client, path)
    assert "3 inside" in text_of(shown)
    assert "becomes old" in text_of(shown)
    assert 'name="tag-1" value="r1.temp"' in shown
    assert "tick-0" not in shown
    none = client.post(f"{path}/tags", {"tag-1": "r1.temp"})
    assert none.status_code == 400
    assert "Tick the points" in none.content.decode()
    ticked = {
        "tick-1": "on",
        "tag-1": "r1.temp",
        "unit-1": "°C",
        "kind-1": "analog",
        "valid_min-1": "0",
        "valid_max-1": "90",
    }
    wrong = {
        "tick-2": "on",
        "tag-2": "r 1",
        "unit-2": "pH",
        "kind-2": "analog",
        "valid_min-2": "x",
        "valid_max-2": "14",
    }
    answer = client.post(f"{path}/tags", ticked | wrong)
    assert answer.status_code == 400
    assert "Expected a number." in answer.content.decode()
    answer = client.post(f"{path}/tags", ticked | wrong | {"valid_min-2": "0"})
    assert "Start with a letter" in answer.content.decode()
    assert 'name="tag-2" value="r 1"' in answer.content.decode()
    assert not Tag.objects.filter(name="r1.temp").exists()
    answer = client.post(f"{path}/tags", ticked)
    assert answer["Location"] == f"{path}?made=1#mappings"
    tag = Tag.objects.get(name="r1.temp")
    assert (tag.unit, tag.valid_max, tag.group, tag.display_name) == ("°C", 90, "V1", "Heat")
    assert SourceMapping.objects.get(address="Temp").tag == "r1.temp"
    assert SourcePoint.objects.get().state == PointState.MAPPED
    assert "✓ 1 tag was made." in text(client, f"{path}?made=1")


def test_a_point_without_unit_and_range_gets_them_from_its_name(client: Client) -> None:
    source = make_source()
    give_job(
        source,
        "discover",
        result={"points": [{"address": "t", "raw": "37", "suggestion": {"tag": "r1.temp"}}]},
    )
    shown = page(client, f"/sources/{source.pk}")
    for cell in (
        'name="unit-0" value="°C"',
        'name="valid_min-0" value="-50"',
        'name="valid_max-0" value="200"',
    ):
        assert cell in shown


def test_arriving_is_reached_from_the_pages_of_sources_and_back(client: Client) -> None:
    source, now = make_source(), datetime.now(UTC)
    SourcePoint.objects.create(source=source, address="x", first_seen=now, last_seen=now)
    assert 'href="/sources/arriving"' in page(client, "/sources")
    shown = page(client, f"/sources/{source.pk}")
    assert f'href="/sources/arriving?source={source.name}"' in shown
    assert "1 point without a tag" in text_of(shown)
    assert 'href="/sources">All sources' in page(client, "/sources/arriving")


def test_a_folder_is_opened_and_points_are_found_by_a_part_of_the_address(client: Client) -> None:
    source = make_source()
    path = f"/sources/{source.pk}"
    give_job(source, "discover", result={"points": [{"address": f"Node{n}"} for n in range(250)]})
    shown = page(client, path)
    assert "250 points" in shown
    assert (shown.count('name="tick-'), 'href="?first=100#points"' in shown) == (100, True)
    assert "Node249" in page(client, f"{path}?first=200")
    assert "13 points with “24”" in text(client, f"{path}?find=24")
    SourceJob.objects.update(asked_at=datetime.now(UTC) - timedelta(seconds=5))
    assert client.post(f"{path}/tags", {"node": "Folder"})["Location"] == f"{path}#job"
    newest = SourceJob.objects.order_by("-id")[0]
    assert (newest.kind, newest.parameters) == ("discover", {"node": "Folder"})


def test_a_mapping_is_made_previewed_changed_and_deleted(client: Client) -> None:
    source = make_source()
    path = f"/sources/{source.pk}"
    messages = [{"address": "r1/od", "raw": '{"od": 0.5}'}, {"address": "r1/other", "raw": "1"}]
    give_job(source, "listen", result={"messages": messages})
    assert 'mapping?address=r1%2Fod">Map' in page(client, path)
    form = {
        "address": "{unit}/od",
        "tag": "{unit}.od",
        "value_pointer": "/od",
        "factor": "2",
        "option_type": "float",
    }
    draft = client.get(
        f"{path}/mapping", {**form, "part": "preview"}, headers={"accept": "text/html"}
    ).content.decode()
    assert "r1/od {&quot;od&quot;: 0.5} r1.od: 1.0" in text_of(draft)
    assert "another address" in draft
    wrong = client.post(f"{path}/mapping", form | {"tag": "nothing"})
    assert "There is no tag &#x27;nothing&#x27;." in wrong.content.decode()
    new = {
        "address": "r1/x",
        "tag": "nothing",
        "act": "make",
        "unit": "rpm",
        "valid_min": "5",
        "valid_max": "1",
    }
    assert "Make this tag" in wrong.content.decode()
    refused = client.post(f"{path}/mapping", new)
    assert "Must be above the minimum" in refused.content.decode()
    assert client.post(f"{path}/mapping", new | {"valid_max": "9"}).status_code == 302
    assert Tag.objects.get(name="nothing").unit == "rpm"
    SourceMapping.objects.get().delete()
    assert client.post(f"{path}/mapping", form)["Location"] == f"{path}#mappings"
    mapping = SourceMapping.objects.get()
    assert (mapping.factor, mapping.offset, mapping.options) == (2.0, 0.0, {"type": "float"})
    assert "r1.od: 1" in text(client, path)
    own = f"{path}/mapping?mapping={mapping.pk}"
    assert 'value="{unit}/od"' in page(client, own)
    client.post(own, form | {"factor": "3"})
    assert SourceMapping.objects.get().factor == 3
    client.post(own, {"act": "delete"})
    assert not SourceMapping.objects.exists()
    assert client.get(own, headers={"accept": "text/html"}).status_code == 404


@pytest.mark.parametrize(
    ("protocol", "address", "asked"),
    [
        ("line_protocol", "weather,site=A temp", []),
        ("modbus", "1:holding:0", []),
        ("opcua", "ns=3;s=Reactor", ["value_pointer"]),
        ("mqtt", "r1/od", ["value_pointer", "time_pointer", "time_format", "zone"]),
    ],
)
def test_a_form_asks_for_what_its_protocol_needs(
    client: Client, protocol: str, address: str, asked: list[str]
) -> None:
    source, tag = make_source(protocol=protocol), make_tag("r1.temp")
    path = f"/sources/{source.pk}/mapping"
    html = client.get(path).content.decode()
    names = ("value_pointer", "time_pointer", "time_format", "zone")
    assert [name for name in names if f'name="{name}"' in html] == asked
    assert client.post(path, {"address": address, "tag": tag.name}).status_code == 302
    assert source.mappings.get().address == address


def test_without_messages_the_preview_has_the_points_that_arrived(client: Client) -> None:
    source, now = make_source(), datetime.now(UTC)
    SourcePoint.objects.create(source=source, address="x", last_raw="4", first_seen=now, last_seen=now)
    shown = page(client, f"/sources/{source.pk}/mapping?part=preview&address=x&tag=a&offset=1")
    assert "x 4 a: 5.0" in text_of(shown)


def test_a_source_is_deleted_and_its_tags_stay(client: Client) -> None:
    source = make_source()
    make_tag("a")
    SourceMapping.objects.create(source=source, address="x", tag="a")
    assert client.post(f"/sources/{source.pk}/act", {"act": "delete"})["Location"] == "/sources"
    assert not Source.objects.exists()
    assert Tag.objects.filter(name="a").exists()
    assert client.post(f"/sources/{source.pk}/act", {"act": "delete"}).status_code == 404


def test_a_source_of_an_unknown_protocol_is_shown_and_can_be_deleted(client: Client) -> None:
    source = make_source(protocol="gone")
    shown = page(client, f"/sources/{source.pk}")
    assert "Delete broker" in shown
    assert client.get(f"/sources/{source.pk}/change", headers={"accept": "text/html"}).status_code == 404
    refused = client.post(f"/sources/{source.pk}/act", {"act": "enable"})
    assert "does not know gone" in refused.content.decode()
    assert client.post(f"/sources/{source.pk}/act", {"act": "jump"}).status_code == 404
