"""POST /write and /api/v2/write: line protocol as the clients of InfluxDB send it, and their answers."""

import base64
import gzip
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.models import (
    Measurement,
    PointState,
    Refusal,
    Source,
    SourceMapping,
    SourcePoint,
    SourceStatus,
    Tag,
)
from monitoring.models.source import MOST_POINTS
from monitoring.models.token import Scope
from monitoring.sources.line_protocol.arriving import COMMON, MOST_SOURCES, databases
from monitoring.sources.line_protocol.points import point_recorder
from monitoring.spool import spool_files

pytestmark = pytest.mark.django_db

V1, V2 = "/write?db=plant", "/api/v2/write?bucket=plant&org=x"
NOW_S = 1_769_860_800  # 2026-01-31T12:00:00Z


@pytest.fixture
def write(client: Client) -> Callable[..., Any]:
    """Posts lines."""

    def post(lines: str | bytes, path: str = V1, **more: Any) -> Any:
        return client.post(path, lines, content_type="text/plain; charset=utf-8", **more)

    return post


def stored() -> list[tuple[str, int, float]]:
    """Tag, time in microseconds and value of all measurements."""
    rows = Measurement.objects.order_by("id").select_related("tag")
    return [(row.tag.name, round(row.timestamp.timestamp() * 1e6), row.value) for row in rows]


@pytest.mark.parametrize(
    ("path", "stamp"),
    [
        (V1, NOW_S * 10**9),
        (f"{V1}&precision=n", NOW_S * 10**9),
        (f"{V1}&precision=u", NOW_S * 10**6),
        (f"{V1}&precision=ms", NOW_S * 1000),
        (f"{V1}&precision=s", NOW_S),
        (V2, NOW_S * 10**9),
        (f"{V2}&precision=us", NOW_S * 10**6),
        (f"{V2}&precision=ms", NOW_S * 1000),
        (f"{V2}&precision=s", NOW_S),
    ],
)
def test_a_line_is_stored_at_its_time(write: Callable[..., Any], path: str, stamp: int) -> None:
    answer = write(f"fermenter,host=pi temp=37.5 {stamp}\n", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert stored() == [("fermenter_temp", NOW_S * 10**6, 37.5)]


def test_lines_without_a_time_get_that_of_receipt_each_its_own(write: Callable[..., Any]) -> None:
    before = time.time_ns() // 1000
    assert write("fermenter temp=37\nfermenter temp=37.1\nfermenter ph=7\n").status_code == 204
    rows = {(tag, value): time_us for tag, time_us, value in stored()}
    first = rows["fermenter_temp", 37.0]
    assert before <= first <= time.time_ns() // 1000
    assert rows == {
        ("fermenter_temp", 37.0): first,
        ("fermenter_temp", 37.1): first + 1,
        ("fermenter_ph", 7.0): first,
    }


@pytest.mark.parametrize(
    ("tags", "series", "field", "expected"),
    [
        (["oven"], "oven", "value", "oven"),
        (["oven"], "oven,host=pi", "value", "oven"),
        (["oven.core"], "oven", "core", "oven.core"),
        (["oven_core"], "oven,host=pi", "core", "oven_core"),
        (["core"], "oven", "core", "core"),
        (["iSpindel000.gravity"], "measurements,source=iSpindel000", "gravity", "iSpindel000.gravity"),
        (["jacket"], "°C,domain=sensor,entity_id=jacket", "value", "jacket"),
        (["jacket", "oven"], "oven,site=jacket", "value", "jacket"),
        (["oven.A.core", "A.core", "core"], "oven,site=A", "core", "oven.A.core"),
    ],
    ids=[
        "measurement",
        "host",
        "point",
        "underscore",
        "field",
        "iSpindel",
        "Home Assistant",
        "specific first",
        "full",
    ],
)
def test_a_field_with_the_name_of_a_tag_feeds_the_tag(
    write: Callable[..., Any], tags: list[str], series: str, field: str, expected: str
) -> None:
    for name in tags:
        Tag.objects.create(name=name, valid_min=0, valid_max=100)
    assert write(f"{series} {field}=37 {NOW_S}", f"{V1}&precision=s").status_code == 204
    assert stored() == [(expected, NOW_S * 10**6, 37.0)]
    assert (
        SourceMapping.objects.get().tag == SourceMapping.objects.get().source.mappings.get().tag == expected
    )
    assert SourcePoint.objects.get().state == PointState.MAPPED


def test_two_sensors_never_share_a_tag_by_accident(write: Callable[..., Any]) -> None:
    Tag.objects.create(name="temp", valid_min=0, valid_max=100)
    for sensor in ("a", "b", "a"):
        assert write(f"probe,id={sensor} temp=20").status_code == 204
    assert len(stored()) == 2
    point_recorder().flush()
    (unmapped,) = SourcePoint.objects.filter(state=PointState.UNMAPPED)
    assert (unmapped.address, unmapped.seen, unmapped.last_raw) == ("probe,id=b temp", 1, "20")


@pytest.mark.django_db(transaction=True)
def test_nor_do_those_that_come_at_once(client: Client) -> None:
    Tag.objects.create(name="temp", valid_min=0, valid_max=100)
    client.post(V1, "x y=1", content_type="text/plain")  # makes the source

    def send(sensor: int) -> int:
        line = f"probe,id={sensor} temp=20"
        try:
            return Client().post(V1, line, content_type="text/plain").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(8))) == {204}
    assert SourceMapping.objects.count() == len(stored()) == 1


def test_booleans_are_numbers_and_whole_numbers_too(write: Callable[..., Any]) -> None:
    for name in ("valve", "count", "total"):
        Tag.objects.create(name=name, valid_min=-1e9, valid_max=1e9)
    assert write("x valve=true,count=-3i,total=7u").status_code == 204
    assert {(tag, value) for tag, _, value in stored()} == {("valve", 1.0), ("count", -3.0), ("total", 7.0)}


def test_a_rule_scales(write: Callable[..., Any]) -> None:
    write("jacket f=212")
    source = Source.objects.get()
    source.mappings.create(address="jacket f", tag="fermenter_temp", factor=5 / 9, offset=-160 / 9)
    Source.objects.update(revision=2)
    databases()._read_at = -1e9
    assert write("jacket f=104").status_code == 204
    assert [round(value, 9) for _, _, value in stored()] == [40.0]


def test_points_are_recorded_later_and_not_by_the_request(write: Callable[..., Any]) -> None:
    answer = write('oven,site=A core=21.5,state="on",door=true\noven,site=A core=22')
    assert answer.status_code == 204
    assert not SourcePoint.objects.exists()
    point_recorder().flush()
    rows = {row.address: row for row in SourcePoint.objects.all()}
    assert {address: (row.seen, row.last_raw) for address, row in rows.items()} == {
        "oven,site=A core": (2, "22"),
        "oven,site=A state": (1, "on"),
        "oven,site=A door": (1, "true"),
    }
    assert rows["oven,site=A door"].suggestion["kind"] == "discrete"
    write("oven,site=A core=23")
    point_recorder().flush()
    assert SourcePoint.objects.get(address="oven,site=A core").seen == 3
    status = SourceStatus.objects.get()
    assert (status.source.name, status.state, status.readings) == ("plant", "connected", 0)
    assert status.confirmed_until is None  # another device of the database may be silent
    assert Refusal.objects.count() == 0


def test_new_points_are_limited(write: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.sources.line_protocol.arriving.MOST_NEW_POINTS", 30)
    write("oven a=1")  # makes the source
    databases().find("plant").room_for_new = 30
    write("\n".join(f"oven f{number}=1" for number in range(500)))
    point_recorder().flush()
    assert 30 <= SourcePoint.objects.count() <= 50


def test_a_source_has_so_many_points_and_no_more(write: Callable[..., Any]) -> None:
    write("oven a=1")
    source = Source.objects.get()
    now, known = source.changed_at, SourcePoint.objects.count()
    SourcePoint.objects.bulk_create(
        SourcePoint(source=source, address=f"x f{number}", first_seen=now, last_seen=now)
        for number in range(MOST_POINTS - known)
    )
    point_recorder().flush()
    assert SourcePoint.objects.count() == MOST_POINTS


def test_databases_are_sources_and_beyond_a_number_one_is_common(write: Callable[..., Any]) -> None:
    for number in range(MOST_SOURCES + 3):
        assert write("oven a=1", f"/write?db=db%20{number}").status_code == 204
    names = set(Source.objects.values_list("name", flat=True))
    assert len(names) == MOST_SOURCES + 1
    assert {"db_0", "line_protocol"} < names
    assert Source.objects.get(name="line_protocol").settings == {"database": COMMON}


def test_a_name_that_another_source_has_gets_a_number(write: Callable[..., Any]) -> None:
    now = "2026-01-01T00:00:00Z"
    Source.objects.create(name="plant", protocol="mqtt", changed_at=now)
    assert write("oven a=1").status_code == 204
    assert set(Source.objects.values_list("name", flat=True)) == {"plant", "plant_2"}


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        (V1, lambda text: {"error": text}),
        (V2, lambda text: {"code": "invalid", "message": text}),
    ],
)
def test_rejected_lines_cost_no_neighbours(
    write: Callable[..., Any], path: str, shape: Callable[[str], object]
) -> None:
    lines = [
        f"fermenter temp=37 {NOW_S * 10**9}",
        "fermenter temp=99",
        "fermenter",
        "fermenter temp=abc",
        f"fermenter temp=36 {NOW_S * 10**9}",
        f"fermenter ph=7 {NOW_S * 10**9}",
    ]
    answer = write("\n".join(lines), path)
    assert answer.status_code == 400
    why = "value: 99 is above fermenter_temp's valid range 30 to 50 °C"
    assert answer.json() == shape(f"partial write: line 2: {why} dropped=4")
    assert [(tag, value) for tag, _, value in stored()] == [("fermenter_temp", 37.0), ("fermenter_ph", 7.0)]
    point_recorder().flush()
    reasons = list(Refusal.objects.order_by("id").values_list("reason", flat=True))
    assert sorted(reasons) == ["above_valid_range", "conflict", "not_a_reading", "not_a_reading"]
    status = SourceStatus.objects.get()
    assert (status.readings, status.rejected) == (4, 4)


def test_text_for_a_tag_is_rejected(write: Callable[..., Any]) -> None:
    write("fermenter temp=37")
    answer = write('fermenter temp="unavailable"')
    assert answer.status_code == 400
    assert "fermenter_temp needs a number, got text" in answer.json()["error"]


def test_1970_is_refused_with_the_precision_to_send(write: Callable[..., Any]) -> None:
    answer = write(f"fermenter temp=37 {NOW_S}")
    assert answer.status_code == 400
    assert "lies in 1970 at precision=ns" in answer.json()["error"]
    assert "send precision=s" in answer.json()["error"]
    assert stored() == []


def test_the_same_again_is_no_error(write: Callable[..., Any]) -> None:
    for _ in range(2):
        assert write(f"fermenter temp=37 {NOW_S * 10**9}").status_code == 204
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/write", 400, {"error": "db: expected a name of up to 100 characters, got ''"}),
        ("/write?db=x&precision=days", 400, "precision: expected one of"),
        ("/api/v2/write", 400, "bucket: expected a name"),
        ("/api/v2/write?bucket=x&precision=m", 400, "precision: expected one of ns, us, ms, s, got 'm'"),
    ],
)
def test_bad_parameters(write: Callable[..., Any], path: str, status: int, expected: Any) -> None:
    answer = write("a b=1", path)
    assert answer.status_code == status
    told = answer.json()
    assert told == expected or expected in (told.get("error") or told["message"])


@pytest.mark.parametrize("body", ["", "\n\n", "# only a comment\n"])
def test_nothing_to_store_is_no_error(write: Callable[..., Any], body: str) -> None:
    assert write(body).status_code == 204
    assert not Source.objects.exists()


def test_gzip_is_unpacked_and_a_bomb_refused(write: Callable[..., Any]) -> None:
    packed = {"Content-Encoding": "gzip"}
    assert write(gzip.compress(b"fermenter temp=37\n"), headers=packed).status_code == 204
    assert len(stored()) == 1
    answer = write(gzip.compress(b" " * (8 * 2**20 + 1)), V2, headers=packed)
    assert (answer.status_code, answer.json()["code"]) == (413, "request too large")
    answer = write(b"fermenter temp=37", headers=packed)
    assert (answer.status_code, answer.json()["error"][:19]) == (400, "body: expected gzip")


def test_a_process_that_forgets_series_loses_no_value(
    write: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.sources.line_protocol.arriving.MOST_SERIES", 0)
    for number in range(3):
        assert write(f"fermenter temp=3{number}\nagitator rpm=30{number}").status_code == 204
    assert len(stored()) == 6


def test_untimed_lines_of_a_large_body_do_not_collide(write: Callable[..., Any]) -> None:
    assert write("fermenter temp=37\n" * 10_050).status_code == 204
    assert Measurement.objects.count() == 10_050


def test_a_large_body_is_stored_in_parts(write: Callable[..., Any]) -> None:
    lines = [f"fermenter temp={30 + number % 10} {(NOW_S - number) * 10**9}" for number in range(12_000)]
    assert write("\n".join(lines)).status_code == 204
    assert Measurement.objects.count() == 12_000


@pytest.mark.parametrize("accept", ["application/x-msgpack", "application/csv", "*/*", "text/html"])
def test_a_client_may_accept_anything(write: Callable[..., Any], client: Client, accept: str) -> None:
    assert write("fermenter temp=37", headers={"Accept": accept}).status_code == 204
    assert client.get("/query?q=SHOW DATABASES", headers={"Accept": accept}).json()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"somebody:{password}".encode()).decode()


def test_a_token_comes_in_each_form_of_the_clients(write: Callable[..., Any], settings: Settings) -> None:
    settings.FERMON_OPEN = False
    secret = issue_token(name="pi", scope=Scope.INGEST)
    for place, given in {
        "token": f"Token {secret}",
        "user": f"Token somebody:{secret}",
        "bearer": f"Bearer {secret}",
        "basic": basic(secret),
    }.items():
        assert write("fermenter temp=37", headers={"Authorization": given}).status_code == 204, place
    assert write("fermenter temp=37", f"{V1}&u=x&p={secret}").status_code == 204


def test_without_a_valid_token_nothing_is_stored(write: Callable[..., Any], settings: Settings) -> None:
    settings.FERMON_OPEN = False
    assert write("fermenter temp=37").status_code == 401
    for given in ("Token wrong", basic("wrong"), "Basic !", "Digest x", "Token"):
        answer = write("fermenter temp=37", headers={"Authorization": given})
        assert (answer.status_code, list(answer.json())) == (401, ["error"])
    answer = write("fermenter temp=37", V2, headers={"Authorization": "Token wrong"})
    assert answer.json()["code"] == "unauthorized"
    assert not Source.objects.exists()


def test_scope_and_prefix_of_a_token_hold(write: Callable[..., Any], settings: Settings) -> None:
    settings.FERMON_OPEN = False
    reads = issue_token(name="wall", scope=Scope.READ)
    assert write("fermenter temp=37", headers={"Authorization": f"Token {reads}"}).status_code == 403
    own = {"Authorization": f"Token {issue_token(name='pi', scope=Scope.INGEST, prefix='agitator')}"}
    assert write("agitator rpm=300\nfermenter temp=37", headers=own).status_code == 204
    assert [tag for tag, *_ in stored()] == ["agitator_rpm"]
    Source.objects.get().mappings.create(address="fermenter temp", tag="fermenter_temp")
    Source.objects.update(revision=9)
    databases()._read_at = -1e9
    answer = write("agitator rpm=301\nfermenter temp=37", headers=own)
    assert answer.status_code == 400
    assert "this token does not write 'fermenter_temp', only agitator..." in answer.json()["error"]
    assert [tag for tag, *_ in stored()] == ["agitator_rpm"] * 2


def test_too_many_calls_are_503_for_clients_that_drop_readings_after_429(
    write: Callable[..., Any], settings: Settings
) -> None:
    settings.FERMON_OPEN, settings.FERMON_CALLER_RATE = False, 1
    sent = {"Authorization": f"Token {issue_token(name='pi', scope=Scope.INGEST)}"}
    assert write("fermenter temp=37", headers=sent).status_code == 204
    answer = write("fermenter temp=37", headers=sent)
    assert (answer.status_code, answer.headers["Retry-After"].isdecimal()) == (503, True)
    assert write("fermenter temp=37", V2, headers=sent).status_code == 429


def test_a_disabled_source_takes_nothing(write: Callable[..., Any]) -> None:
    write("fermenter temp=37")
    Source.objects.update(is_enabled=False)
    databases()._read_at = -1e9
    assert write("fermenter temp=37").status_code == 403
    assert len(stored()) == 1


def test_a_source_may_use_the_time_of_receipt(write: Callable[..., Any]) -> None:
    write("fermenter temp=37")
    Source.objects.update(uses_receive_time=True, revision=9)
    databases()._read_at = -1e9
    write(f"fermenter temp=38 {(NOW_S - 86_400) * 10**9}")
    assert all(time_us > NOW_S * 10**6 for _, time_us, _ in stored())


def test_while_the_database_is_away_readings_are_safe_in_the_spool(
    write: Callable[..., Any], transactional_db: None, outage: Callable[[], AbstractContextManager[None]]
) -> None:
    assert write("fermenter temp=37").status_code == 204
    with outage():
        assert write("fermenter temp=38\nunknown x=1").status_code == 204
    assert spool_files.pending_count() == 1


def test_what_was_never_mapped_waits_at_the_client(write: Callable[..., Any], database_away: None) -> None:
    for path in (V1, V2):
        answer = write("fermenter temp=37", path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "database is away" in str(answer.json())


def test_ping_and_query(client: Client, settings: Settings) -> None:
    for method in (client.get, client.head):
        answer = method("/ping")
        assert (answer.status_code, answer.headers["X-Influxdb-Version"][:3]) == (204, "1.8")
    done = {"results": [{"statement_id": 0}]}
    form = "application/x-www-form-urlencoded"
    assert client.post("/query", "q=CREATE+DATABASE+%22plant%22", content_type=form).json() == done
    assert client.post("/query?q=create database plant", b"", content_type="application/json").json() == done
    client.post(V1, "a b=1", content_type="text/plain")
    series = client.get("/query?q=show databases").json()["results"][0]["series"]
    assert series == [{"name": "databases", "columns": ["name"], "values": [["plant"]]}]
    answer = client.get("/query?q=SELECT * FROM x")
    assert (answer.status_code, answer.json()["error"][:30]) == (400, "query: expected CREATE or SHOW")


def test_a_token_that_ingests_may_ask_before(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    secret = issue_token(name="pi", scope=Scope.INGEST)
    for method in (client.get, client.post):
        answer = method("/query?q=SHOW DATABASES", headers={"Authorization": basic(secret)})
        assert answer.status_code == 200
        assert method("/query?q=SHOW DATABASES").status_code == 401
    assert client.get("/ping").status_code == 204
