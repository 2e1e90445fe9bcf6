"""Tags made from the points of any source: over HTTP, and on the page Arriving."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitoring.models import Measurement, PointState, Source, SourceMapping, SourcePoint, Tag
from monitoring.sources.line_protocol.arriving import databases
from monitoring.sources.line_protocol.points import point_recorder
from monitoring.sources.making import MakingError, ignore_points, make_tags, restore_points

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TEMP = {"tag": "oven.temp", "unit": "°C", "kind": "analog", "valid_min": 0.0, "valid_max": 300.0}
OVEN = {"address": "oven temp", "tag": "oven.temp", "unit": "°C", "valid_min": 0.0, "valid_max": 300.0}


@pytest.fixture
def source() -> Source:
    """A broker with three points that feed nothing."""
    made = Source.objects.create(name="broker", protocol="mqtt", group="Hall", changed_at=NOW)
    for number, (address, suggestion) in enumerate(
        [("oven temp", TEMP), ("oven door", {"kind": "discrete"}), ("oven,site=A fan", {})]
    ):
        SourcePoint.objects.create(
            source=made,
            address=address,
            first_seen=NOW,
            last_seen=NOW + timedelta(seconds=60),
            seen=121 + number,
            last_raw="21.5",
            suggestion=suggestion,
        )
    return made


def states() -> dict[str, str]:
    return dict(SourcePoint.objects.values_list("address", "state"))


def test_a_tag_and_its_mapping_are_made(source: Source) -> None:
    choice = {**OVEN, "kind": "setpoint", "display_name": "Oven", "factor": 2.0, "offset": 1.0}
    assert make_tags(source, [choice], "ann") == ["oven.temp"]
    tag = Tag.objects.get(name="oven.temp")
    assert (tag.unit, tag.kind, tag.valid_max, tag.display_name, tag.group) == (
        "°C",
        "setpoint",
        300,
        "Oven",
        "Hall",
    )
    mapping = SourceMapping.objects.get()
    assert (mapping.address, mapping.tag, mapping.factor, mapping.offset) == ("oven temp", "oven.temp", 2, 1)
    assert states()["oven temp"] == PointState.MAPPED
    source.refresh_from_db()
    assert source.revision == 2
    entry = LogEntry.objects.get_for_object(source).first()
    assert entry.changes == {"mappings": ["", "oven temp to oven.temp, factor 2.0, offset 1.0"]}
    assert entry.additional_data == {"by": "ann"}


def test_a_tag_that_exists_is_fed_and_stays(source: Source) -> None:
    assert make_tags(source, [{"address": "oven temp", "tag": "fermenter_temp", "unit": "K"}], "ann") == []
    assert Tag.objects.get(name="fermenter_temp").unit == "°C"
    assert SourceMapping.objects.get().tag == "fermenter_temp"


def test_the_suggestion_knows_how_to_read_the_value(source: Source) -> None:
    SourcePoint.objects.filter(address="oven temp").update(
        suggestion={
            "value_pointer": "/v",
            "time_pointer": "/t",
            "time_format": "ms",
            "options": {"texts": "on=1"},
        }
    )
    make_tags(source, [OVEN], "ann")
    mapping = SourceMapping.objects.get()
    assert (mapping.value_pointer, mapping.time_pointer, mapping.time_format) == ("/v", "/t", "ms")
    assert mapping.options == {"texts": "on=1"}


@pytest.mark.parametrize(
    ("choices", "problems"),
    [
        ([{**OVEN, "address": "nowhere"}], {0: {"address": "There is no such point."}}),
        ([{**OVEN, "tag": "1x"}], {0: {"tag": "Start with a letter"}}),
        ([{**OVEN, "valid_max": -1.0}], {0: {"valid_max": "Must be above the minimum"}}),
        ([{"address": "oven temp", "tag": "x"}], {0: {"valid_min": "This field cannot be null"}}),
        (
            [OVEN, {**OVEN, "tag": "b"}],
            {place: {"address": "Another mapping has this address"} for place in (0, 1)},
        ),
        (
            [OVEN, {**OVEN, "address": "oven door"}],
            {
                0: {"tag": "oven.temp gets the values of oven door already: one tag has one address."},
                1: {"tag": "oven.temp gets the values of oven temp already: one tag has one address."},
            },
        ),
        ([{**OVEN, "kind": "odd"}], {0: {"kind": "Value 'odd' is not a valid choice."}}),
    ],
)
def test_all_or_none(
    source: Source, choices: list[dict[str, Any]], problems: dict[int, dict[str, str]]
) -> None:
    with pytest.raises(MakingError) as refused:
        make_tags(source, choices, "ann", of_points=True)
    for place, fields in problems.items():
        for name, text in fields.items():
            assert refused.value.problems[place][name].startswith(text)
    assert set(refused.value.problems) == set(problems)
    assert not SourceMapping.objects.exists()
    assert set(states().values()) == {PointState.UNMAPPED}
    assert not Tag.objects.filter(group="Hall").exists()


def test_another_source_keeps_its_tag(source: Source) -> None:
    other = Source.objects.create(name="other", protocol="mqtt", changed_at=NOW, is_enabled=True)
    source.is_enabled = True
    other.mappings.create(address="a", tag="oven.temp")
    with pytest.raises(MakingError, match="The source other writes"):
        make_tags(source, [OVEN], "ann")


def test_points_are_ignored_and_listed_again(source: Source) -> None:
    assert ignore_points(source, ["oven temp", "oven door", "nowhere"], "ann") == 2
    assert states()["oven door"] == PointState.IGNORED
    assert restore_points(source, ["oven door", "oven,site=A fan"], "ann") == 1
    assert states()["oven door"] == PointState.UNMAPPED
    source.refresh_from_db()
    assert source.revision == 3


def test_over_http(client: Client, post: Callable[..., Any], source: Source) -> None:
    rows = client.get("/source-points?source=broker").json()
    assert {row["address"] for row in rows} == {"oven temp", "oven door", "oven,site=A fan"}
    (oven,) = [row for row in rows if row["address"] == "oven temp"]
    assert (oven["value"], oven["values"], oven["rate"], oven["suggestion"]) == ("21.5", 121, 2.0, TEMP)
    answer = post("/source-points/make-tags", {"source": "broker", "points": [{"address": "oven temp"}]})
    assert answer.json() == {"tags": ["oven.temp"], "new": ["oven.temp"]}
    body = {"source": "broker", "addresses": ["oven door"]}
    assert post("/source-points/ignore", body).json() == {"changed": 1}
    assert [row["address"] for row in client.get("/source-points").json()] == ["oven,site=A fan"]
    assert [row["address"] for row in client.get("/source-points?state=ignored").json()] == ["oven door"]
    assert post("/source-points/restore", body).json() == {"changed": 1}
    first = client.get("/source-points?limit=1")
    assert len(client.get(first.headers["Link"].split(">")[0][1:]).json()) == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "expected"),
    [
        ("make-tags", {"source": "x", "points": [OVEN]}, 404, "source: there is no source 'x'"),
        ("make-tags", {"source": "broker", "points": []}, 400, "points"),
        ("make-tags", {"source": "broker", "points": [{"address": "oven,site=A fan"}]}, 400, "points[0].tag"),
        ("make-tags", {"source": "broker", "points": [{**OVEN, "tag": "1x"}]}, 400, "points[0].tag: Start"),
        ("ignore", {"source": "broker"}, 400, "addresses"),
    ],
)
def test_bad_bodies(
    post: Callable[..., Any], source: Source, path: str, body: object, status: int, expected: str
) -> None:
    answer = post(f"/source-points/{path}", body)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(expected)


def form_of(source: Source, act: str, *addresses: str, **fields: str) -> dict[str, Any]:
    """The form with these points ticked."""
    keys = list(SourcePoint.objects.filter(address__in=addresses).values_list("pk", flat=True))
    filled = {f"{name}-{key}": text for name, text in fields.items() for key in keys}
    return {"source": source.name, "act": act, "tick": keys, **filled}


TYPED = {"tag": "oven_fan", "unit": "rpm", "valid_min": "0", "valid_max": "3000", "kind": "analog"}


def test_on_the_page_points_are_ticked_and_become_tags(client: Client, source: Source) -> None:
    page = client.get("/sources/arriving").content.decode()
    assert "oven,site=A fan" in page
    assert 'value="oven.temp"' in page
    assert "2 a s" in page
    form = form_of(source, "make", "oven,site=A fan", **TYPED)
    answer = client.post("/sources/arriving", form, follow=True)
    assert answer.redirect_chain == [("/sources/arriving?source=broker&made=1", 302)]
    assert "1 point is now stored" in answer.content.decode()
    assert (Tag.objects.get(name="oven_fan").unit, SourceMapping.objects.get().tag) == ("rpm", "oven_fan")


def test_the_page_says_why_no_tag_was_made(client: Client, source: Source) -> None:
    form = form_of(source, "make", "oven temp", **{**TYPED, "valid_max": "much", "tag": "a b"})
    answer = client.post("/sources/arriving", form)
    assert answer.status_code == 400
    assert "Expected a number." in answer.content.decode()
    form = form_of(source, "make", "oven temp", **{**TYPED, "tag": "a b"})
    page = client.post("/sources/arriving", form).content.decode()
    assert "Start with a letter" in page
    assert 'value="a b"' in page
    assert 'aria-invalid="true"' in page
    assert "Nothing is ticked" in client.post("/sources/arriving", form_of(source, "make")).content.decode()
    assert not SourceMapping.objects.exists()


def test_on_the_page_points_are_ignored_and_listed_again(client: Client, source: Source) -> None:
    answer = client.post("/sources/arriving", form_of(source, "ignore", "oven door"), follow=True)
    assert "1 point is ignored." in answer.content.decode()
    assert "oven door" not in client.get("/sources/arriving").content.decode()
    assert "oven door" in client.get("/sources/arriving?state=ignored").content.decode()
    client.post("/sources/arriving", form_of(source, "restore", "oven door"))
    assert "oven door" in client.get("/sources/arriving").content.decode()


def test_the_person_is_recorded(
    client: Client, source: Source, settings: Settings, account: Callable[[str], User]
) -> None:
    settings.FERMON_OPEN = False
    client.force_login(account("engineer"))
    client.post("/sources/arriving", form_of(source, "make", "oven,site=A fan", **TYPED))
    assert LogEntry.objects.get_for_object(source).first().additional_data == {"by": "engineer"}


def test_nothing_waits(client: Client, db: None) -> None:
    assert "Nothing waits." in client.get("/sources/arriving").content.decode()


def test_while_the_database_is_away_the_page_says_so(client: Client, database_away: None) -> None:
    assert client.get("/sources/arriving").status_code == 503


def test_from_the_first_line_to_a_stored_value(client: Client, post: Callable[..., Any]) -> None:
    line = "oven,site=A temp=180"
    client.post("/write?db=plant", line, content_type="text/plain")
    point_recorder().flush()
    (row,) = client.get("/source-points").json()
    assert row["suggestion"] == {
        "tag": "oven.A.temp",
        "unit": "°C",
        "kind": "analog",
        "valid_min": -50.0,
        "valid_max": 200.0,
    }
    body = {"source": "plant", "points": [{"address": row["address"], "tag": "oven"}]}
    assert post("/source-points/make-tags", body).status_code == 200
    databases()._read_at = -1e9  # two seconds later
    client.post("/write?db=plant", line, content_type="text/plain")
    assert Measurement.objects.get().value == 180
    ignored = {"source": "plant", "addresses": [row["address"]]}
    assert post("/source-points/ignore", ignored).json() == {"changed": 0}
