"""manage.py migrate_store"""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy
from typing import Any

import dj_database_url
import psycopg
import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker, Settings

from monitoring.access.token_store import issue_token
from monitoring.alarms.notes import Draft, write
from monitoring.batches.lifecycle import NewBatch, end_batch, inoculate, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe
from monitoring.batches.vessels import bind, make_vessel, rename_vessel
from monitoring.ingest.exclusions import choice_of_range, exclude, revoke
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.actor import Actor
from monitoring.live.changes import newest_id
from monitoring.models import (
    AlarmJournalEntry,
    Batch,
    BatchPhase,
    DetectorState,
    Event,
    ExcludedMeasurement,
    Exclusion,
    Finding,
    Lease,
    Measurement,
    Profile,
    ProfileMember,
    Recipe,
    RecipePhase,
    Replacement,
    Rollup,
    Sample,
    SampleResult,
    Series,
    SetAsideReading,
    Tag,
    Vessel,
    VesselName,
    VesselTag,
)
from monitoring.models.token import Scope
from monitoring.storage import retention
from monitoring.storage.store_copy import copying, databases, ownership, pages, sequences
from monitoring.storage.store_copy.databases import ONLY_ONE
from monitoring.storage.store_copy.errors import StoreCopyError
from tests.detecting import detect
from tests.migrated import copy_file
from tests.migrated import migrate as migrate_apart
from tests.on_postgresql import started

ROOT = Path(__file__).parent.parent.parent
PASSWORD = "a long enough one"  # noqa: S105 - of a user of these tests
START = datetime(2026, 1, 30, 23, 50, tzinfo=UTC)
STORED = (
    *(Measurement, Finding, Rollup, Series, Replacement, Tag, Event, DetectorState, Lease, User, Group),
    *(Exclusion, ExcludedMeasurement),
    *(Vessel, VesselName, VesselTag, Recipe, RecipePhase),
    *(Batch, BatchPhase, Sample, SampleResult, Profile, ProfileMember),
)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL of this run's own, with the name of a database left out."""
    with (
        tempfile.TemporaryDirectory(prefix="fermon-pg-") as directory,
        started(Path(directory) / "data") as running,
    ):
        yield running.get_uri().replace("/postgres?", "/{}?")


@contextmanager
def as_default(url: str) -> Iterator[None]:
    """Within it Django's connection leads there, in every thread."""
    before, settings = connections["default"], connections.settings["default"]
    connections.settings["default"] = dict(dj_database_url.parse(url))
    connections.configure_settings(connections.settings)
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"], connections["default"] = settings, before


@pytest.fixture(scope="session")
def empty_source(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Path:
    """A SQLite database as 'manage.py migrate' makes it; to be copied."""
    path = tmp_path_factory.mktemp("source") / "fermon.sqlite3"
    copy_file(migrated, path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    return path


@pytest.fixture
def source(empty_source: Path, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Path]:
    """A SQLite database with some minutes of three tags around midnight; Django's connection leads there."""
    path = Path(copy(empty_source, tmp_path))
    with django_db_blocker.unblock(), as_default(f"sqlite:///{path}"):
        measure(START, 1_500)
        yield path


@pytest.fixture(scope="session")
def empty_target(server: str) -> str:
    """The name of a database with Fermon's tables; to be copied."""
    with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE empty_target")
    migrate_apart(server.format("empty_target"))  # in a process, which is not measured
    return "empty_target"


@pytest.fixture
def target(server: str, empty_target: str) -> Iterator[str]:
    """The address of a database with Fermon's tables and nothing else."""
    with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE target TEMPLATE {empty_target}")
        yield server.format("target")
        admin.execute("DROP DATABASE target WITH (FORCE)")


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some thousand readings are many pages."""
    monkeypatch.setattr(pages, "PAGE", 500)


def measure(start: datetime, seconds: int) -> None:
    """Stores readings of the three tags, every hundredth far from what is usual."""
    tags = {"fermenter_temp": 37.0, "fermenter_ph": 7.0, "agitator_rpm": 450.0}
    ingest_readings(
        [
            {"timestamp": moment(start, second), "tag": tag, "value": usual * factor(second)}
            for second in range(seconds)
            for tag, usual in tags.items()
        ]
    )


def moment(start: datetime, second: int) -> str:
    """A time as a reading has it."""
    return (start + timedelta(seconds=second)).isoformat()


def factor(second: int) -> float:
    """A little noise, and now and then much."""
    return 1.2 if second % 100 == 99 else 1 + (second * 7 % 13) / 1000


def migrate(target: str, *options: str) -> None:
    call_command("migrate_store", "--to", target, *options)


def rows() -> dict[str, list[Any]]:
    """All that is stored in the tables that matter most."""
    found = {model._meta.db_table: list(model._base_manager.order_by("pk").values_list()) for model in STORED}
    return {table: [tuple(map(plain, row)) for row in some] for table, some in found.items()}


def plain(value: Any) -> Any:
    """Bytes as such, whichever database they are from."""
    return bytes(value) if isinstance(value, memoryview) else value


def at_target(target: str) -> dict[str, list[Any]]:
    with as_default(target):
        return rows()


def sql(target: str, statement: str) -> None:
    """Changes the target behind everybody's back."""
    with psycopg.connect(target) as database:
        database.execute(statement)


def test_all_that_is_stored_goes_over_and_keeps_its_ids(source, target, capsys) -> None:
    migrate(target)
    assert at_target(target) == rows()
    assert Measurement.objects.count() == 4_500
    assert Finding.objects.exists()
    assert "nothing has come since. Start Fermon with DATABASE_URL" in capsys.readouterr().out


def test_an_empty_database_gets_its_tables(source, server) -> None:
    with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE bare")
    migrate(server.format("bare"))
    assert at_target(server.format("bare")) == rows()


def test_vessels_and_batches_go_over_again_and_again(source, target) -> None:
    ann = Actor("ann", "login")
    make_vessel("v1", constants={"tare_kg": 12.5}, actor=ann)
    rename_vessel("v1", "north", actor=ann)
    bind("north", "fermenter_temp", "temperature", actor=ann)
    make_recipe("r1", [NewPhase("growth")], actor=ann)
    batch = start_batch(NewBatch("north", "b1", recipe="r1", start=START), actor=ann)
    inoculate(batch.pk, at=START, actor=ann)
    sample = Sample.objects.create(batch=batch, number=1, taken_at=START, entered_at=START, entered_by="ann")
    sample.results.create(analyte="od600", value=0.1, entered_at=START, entered_by="ann")
    profile = Profile.objects.create(
        name="p1", curves=bytes(range(256)), inputs_hash="", made_at=START, made_by=""
    )
    profile.members.create(batch=batch, score=0.5)
    migrate(target)
    assert at_target(target) == rows()
    end_batch(batch.pk, at=None, actor=ann)
    sample.results.create(analyte="glucose", value=2.5, entered_at=START, entered_by="ann")
    migrate(target)
    assert at_target(target) == rows()


def test_it_answers_as_before(source, target, client) -> None:
    tag = "fermenter_temp"
    paths = ["/stats", "/tags", f"/tags/{tag}", "/data", "/anomalies", "/events", f"/trend?tag={tag}"]
    detect()
    before = [client.get(path).json() for path in paths]
    migrate(target)
    with as_default(target):
        assert [client.get(path).json() for path in paths] == before
    assert all(before)


def test_people_sources_and_sessions_still_come_in(source, target, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    user = User.objects.create_user("ada", password=PASSWORD)
    user.groups.add(Group.objects.get(name="viewer"))
    secret = issue_token(name="skid", scope=Scope.INGEST)
    signed_in = Client()
    signed_in.force_login(user, "django.contrib.auth.backends.ModelBackend")
    migrate(target)
    reading = {"timestamp": "2026-02-01T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}
    with as_default(target):
        assert signed_in.get("/stats").status_code == 200
        sent: dict[str, Any] = {
            "headers": {"authorization": f"Token {secret}"},
            "content_type": "application/json",
        }
        assert Client().post("/ingest", reading, **sent).status_code == 201
        known = {"username": "ada", "password": PASSWORD}
        assert Client().post(reverse("login"), known).status_code == 302
        assert User.objects.get().has_perm("monitoring.view_measurement")


def test_the_next_ids_lie_beyond_all_that_were_ever_given(source, target) -> None:
    newest = newest_id()
    Measurement.objects.filter(id__gt=newest - 10).delete()
    detect()
    migrate(target)
    with as_default(target):
        assert newest_id() == newest
        assert User.objects.create_user("first").pk == 1
        measure(START + timedelta(hours=2), 1)
        assert Measurement.objects.order_by("-id").first().pk == newest + 3
        detect()
        assert Lease.objects.get(source="judge").position is not None


def test_fermon_stores_on_while_it_is_copied(source, target, capsys, monkeypatch) -> None:
    came = iter(range(3))

    def store_more(name: str) -> None:
        if name == "store_copy.before_commit" and next(came, None) is not None:
            measure(START + timedelta(seconds=Measurement.objects.count()), 2)

    monkeypatch.setattr(pages, "failpoint", store_more)
    migrate(target)
    assert at_target(target) == rows()
    assert Measurement.objects.count() == 4_500 + 3 * 6


def test_what_comes_after_the_snapshot_is_copied_next_time(source, target, capsys, monkeypatch) -> None:
    def late() -> None:
        measure(START + timedelta(hours=1), 1)

    with monkeypatch.context() as patched:
        patched.setattr(sequences, "advance_sequences", late)
        migrate(target)
    assert "Fermon has written since. Stop Fermon and run the same again" in capsys.readouterr().out
    assert at_target(target) != rows()
    migrate(target)
    assert "3 measurements copied" in capsys.readouterr().out
    assert at_target(target) == rows()


def test_broken_off_it_goes_on_where_it_was(source, target, capsys, monkeypatch) -> None:
    visits = iter(range(3))

    def break_off(name: str) -> None:
        if name == "store_copy.after_commit" and next(visits, None) is None:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pages, "failpoint", break_off)
        with pytest.raises(CommandError, match="goes on where it was") as stopped:
            migrate(target)
    assert stopped.value.returncode == 130
    migrate(target)
    assert "2500 measurements copied" in capsys.readouterr().out
    assert at_target(target) == rows()


@pytest.mark.parametrize("point", ["before_commit", "after_commit", "day_copied:2"])
def test_killed_it_goes_on_where_it_was(source, target, point: str, tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"sqlite:///{source}",
        "FERMON_DATA_DIR": str(tmp_path / "data"),
        "FERMON_CRASH_AT": f"store_copy.{point}",
    }
    command = [sys.executable, "manage.py", "migrate_store", "--to", target]
    killed = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    migrate(target)
    assert at_target(target) == rows()


def late_reading() -> None:
    """Comes to stand among others that are copied already, and turns flags behind it."""
    when = START + timedelta(seconds=150, milliseconds=500)
    ingest_readings([{"timestamp": when.isoformat(), "tag": "fermenter_temp", "value": 49.9}])


def turned_flag() -> None:
    Measurement.objects.filter(is_anomaly=False, tag__name="fermenter_ph").first().delete()
    row = Measurement.objects.filter(is_anomaly=False, tag__name="fermenter_ph").first()
    Measurement.objects.filter(pk=row.pk).update(is_anomaly=True)
    Finding.objects.create(measurement_id=row.pk, reason="rolling_3sigma", lower=1.0, upper=2.0)


def kept_for_a_day() -> None:
    Tag.objects.filter(name="agitator_rpm").update(retention_days=1, anomaly_retention_days=1)
    retention.apply_retention(now=START + timedelta(days=2))
    assert Measurement.objects.filter(tag__name="agitator_rpm").count() < 1_500


def excluded() -> None:
    """Some leave, the newest of all among them; of those that had left before, some come back."""
    exclude(choice_of_range("fermenter_temp", START, START + timedelta(days=1)), reason="bath", by="eva")
    exclude(choice_of_range("fermenter_ph", START, START + timedelta(seconds=99)), reason="bath", by="eva")
    back = exclude(choice_of_range("agitator_rpm", START, START + timedelta(days=1)), reason="off", by="eva")
    revoke(back.pk, reason="on", by="eva")
    assert ExcludedMeasurement.objects.count() == 1_600


def new_tag() -> None:
    Tag.objects.filter(name="fermenter_ph").update(upper_limit=7.5)
    Tag.objects.create(name="airflow", valid_min=0, valid_max=10)
    ingest_readings([{"timestamp": START.isoformat(), "tag": "airflow", "value": 1.0}])


def replaced_values() -> None:
    """One was copied; another came and was replaced between two copies."""
    Tag.objects.filter(name="fermenter_temp").update(on_conflict="keep_last")
    for second, value in ((99, 36.0), (2_000, 36.5), (2_000, 38.5)):
        ingest_readings([{"timestamp": moment(START, second), "tag": "fermenter_temp", "value": value}])
    assert Replacement.objects.count() == 2


def test_what_only_grows_goes_over_again_and_stays_append_only(source, target) -> None:
    for act in ("active", "return"):
        AlarmJournalEntry.objects.create(at=START, noticed_at=START, act=act, via="evaluator")
        write(Draft(act, START), actor=Actor("anna", "login"))
        migrate(target)
    with psycopg.connect(target, autocommit=True) as server:
        for words in (
            "SELECT act FROM alarm_journal ORDER BY id",
            "SELECT text FROM note_versions ORDER BY id",
        ):
            assert server.execute(words).fetchall() == [("active",), ("return",)]
        for deletion in ("DELETE FROM alarm_journal", "DELETE FROM note_versions"):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                server.execute(deletion)


@pytest.mark.parametrize(
    "change", [late_reading, turned_flag, kept_for_a_day, new_tag, replaced_values, excluded]
)
def test_what_has_changed_since_is_copied_again(source, target, change: Callable[[], None]) -> None:
    migrate(target)
    change()
    migrate(target)
    assert at_target(target) == rows()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE measurements SET value = value + 1e-9 WHERE id = 700",
        "DELETE FROM measurements WHERE id BETWEEN 700 AND 2000",
        "UPDATE measurements SET is_anomaly = NOT is_anomaly WHERE id = 700",
        "UPDATE findings SET upper = upper + 1e-9",
        "DELETE FROM rollups WHERE id % 7 = 0",
        "INSERT INTO measurements (id, timestamp, tag, value, is_anomaly) VALUES (5, 5, 1, 5, false)",
    ],
)
def test_damage_at_the_target_is_found_and_mended(source, target, damage: str) -> None:
    migrate(target)
    sql(target, "SET session_replication_role = replica; " + damage)
    with pytest.raises(CommandError, match="They differ: "):
        migrate(target, "--verify-only")
    migrate(target)
    migrate(target, "--verify-only")
    assert at_target(target) == rows()


def test_what_differs_is_told_by_tag_and_day(source, target, capsys) -> None:
    migrate(target)
    sql(target, "UPDATE measurements SET value = value + 1e-9 WHERE id = (SELECT min(id) FROM measurements)")
    with pytest.raises(CommandError, match=r"They differ: \w+ on 2026-01-30\."):
        migrate(target, "--verify-only")
    assert "no: 2026-01-30" in capsys.readouterr().out


def test_a_day_that_stays_different_fails(source, target, monkeypatch) -> None:
    migrate(target)
    sql(target, "UPDATE measurements SET value = value + 1e-9 WHERE tag = 1")
    monkeypatch.setattr(copying, "copy_again", lambda windows: None)
    with pytest.raises(CommandError, match=r"They still differ after another copy: \w+ on 2026-01-30"):
        migrate(target)


def test_verify_only_writes_nothing(source, target) -> None:
    migrate(target)
    before = at_target(target)
    measure(START + timedelta(hours=1), 5)
    with pytest.raises(CommandError, match="Run it without --verify-only"):
        migrate(target, "--verify-only")
    assert at_target(target) == before


def test_verify_only_needs_a_copy(source, target) -> None:
    with pytest.raises(CommandError, match="no copy of this source"):
        migrate(target, "--verify-only")


def test_the_source_is_never_written_to(source, target) -> None:
    connections["default"].close()
    before = source.read_bytes()
    migrate(target)
    connections["default"].close()
    assert source.read_bytes() == before


def refused(target: str, match: str) -> None:
    """The command fails with this message, and the target is what it was."""
    before = at_target(target)
    with pytest.raises(CommandError, match=match):
        migrate(target)
    assert at_target(target) == before


def test_a_target_with_data_of_its_own_is_refused(source, target) -> None:
    with as_default(target):
        measure(START, 2)
    refused(target, "holds data of its own .* Copy into an empty database")


def test_a_target_with_people_is_refused(source, target) -> None:
    with as_default(target):
        User.objects.create_user("somebody")
    refused(target, "holds data of its own")


@pytest.mark.parametrize(
    "tables",
    [
        "CREATE TABLE tags (id int)",
        "CREATE TABLE django_migrations (id int, app text, name text, applied timestamptz);"
        "INSERT INTO django_migrations VALUES (1, 'auth', '0001_initial', now()), (2, 'shop', '0001', now())",
    ],
)
def test_another_applications_database_is_left_as_it_is(source, server, tables: str) -> None:
    with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE foreign_one")
        try:
            sql(server.format("foreign_one"), tables)
            with pytest.raises(CommandError, match=r"tables that are not Fermon's .*Nothing was written"):
                migrate(server.format("foreign_one"))
            with psycopg.connect(server.format("foreign_one")) as left:
                query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
                assert left.execute(query).fetchone() == (1,)
        finally:
            admin.execute("DROP DATABASE foreign_one WITH (FORCE)")


def test_one_whose_first_migrations_were_broken_off_is_gone_on_with(source, server) -> None:
    with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE begun")
    with as_default(server.format("begun")):
        call_command("migrate", "auth", verbosity=0)
    migrate(server.format("begun"))
    assert at_target(server.format("begun")) == rows()


def test_one_that_fermon_has_run_on_is_refused(source, target) -> None:
    migrate(target)
    with as_default(target):
        measure(START + timedelta(hours=1), 2)
    refused(target, "measurements that the source does not have")


def test_one_whose_worker_was_heard_later_is_refused(source, target) -> None:
    migrate(target)
    with as_default(target):
        Lease.objects.create(source="judge", renewed_at=datetime.now(UTC))
    refused(target, r"Fermon has run on the target since it was copied \(judge, ")


def test_a_copy_of_another_source_is_refused(source, target) -> None:
    migrate(target)
    with closing(sqlite3.connect(source)) as database, database:
        database.execute("UPDATE django_migrations SET applied = '2001-01-01'")
    refused(target, "copy of another source")


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("sqlite:////tmp/other.sqlite3", "has to be a database of PostgreSQL"),
        ("postgres", "--to"),
        ("mysql://localhost/fermon", "has to be a database of PostgreSQL"),
        ("postgres://user:secret@127.0.0.1:1/fermon", "can't be reached: .*refused"),
    ],
)
def test_what_is_no_target_is_refused(source, url: str, match: str) -> None:
    with pytest.raises(CommandError, match=match) as refusal:
        migrate(url)
    assert "secret" not in str(refusal.value)


def test_a_source_that_is_postgresql_is_refused(django_db_blocker: DjangoDbBlocker, target) -> None:
    with django_db_blocker.unblock(), as_default(target):
        refused(target, "not SQLite")


@pytest.mark.parametrize(
    ("content", "match"),
    [(b"", "lacks the tables .*Is FERMON_DATA_DIR right"), (b"no database", "can't be read")],
)
def test_a_source_without_fermons_tables_is_refused_before_the_target_gets_any(
    tmp_path: Path, content: bytes, match: str
) -> None:
    source = tmp_path / "fermon.sqlite3"
    source.write_bytes(content * 100)
    with as_default(f"sqlite:///{source}"), pytest.raises(StoreCopyError, match=match):
        databases.source_settings()


def test_a_row_that_does_not_fit_is_not_said_to_go_on(source, target, monkeypatch) -> None:
    monkeypatch.setattr(ownership, "refuse_numbers", lambda models: None)
    Tag.objects.filter(name="fermenter_ph").update(retention_days=3_000_000_000)
    with pytest.raises(CommandError, match=r"Broken off: .*3000000000.* change what the source has there"):
        migrate(target)


def test_one_copy_at_a_time(source, target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "ENDING_S", 0.1)
    with psycopg.connect(target) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [ONLY_ONE])
        refused(target, "Another migrate_store")


def test_one_that_was_killed_is_waited_for_until_the_server_has_noticed(source, target) -> None:
    with psycopg.connect(target) as killed:
        killed.execute("SELECT pg_advisory_lock(%s)", [ONLY_ONE])
        threading.Timer(0.5, killed.close).start()
        migrate(target)
    assert at_target(target) == rows()


def test_a_text_that_postgresql_has_no_room_for_does_no_harm(source, target) -> None:
    Tag.objects.filter(name="fermenter_ph").update(description="a\x00b")
    migrate(target)
    with as_default(target):
        assert Tag.objects.get(name="fermenter_ph").description == "ab"


def test_a_json_that_postgresql_has_no_room_for_does_no_harm(source, target) -> None:
    now = datetime.now(UTC)
    aside = {"source": "skid", "kept_at": now, "set_aside_at": now}
    SetAsideReading.objects.create(digest="1", reading={"tag\x00": ["a\ud800b"]}, message="", **aside)
    migrate(target)
    with as_default(target):
        assert SetAsideReading.objects.get().reading == {"tag": ["ab"]}


def test_texts_and_addresses_are_made_to_fit(source, target) -> None:
    kept = {"http_accept": "*/*", "path_info": "/login", "attempt_time": START}
    for username, address in (("x" * 300, "unknown"), ("ada", "2001:DB8::1"), ("bob", "fe80::1%eth0")):
        AccessFailureLog.objects.create(username=username, ip_address=address, user_agent="y" * 300, **kept)
    migrate(target)
    with as_default(target):
        found = AccessFailureLog.objects.order_by("pk").values_list("username", "ip_address", "user_agent")
        fitting = [("x" * 255, None), ("ada", "2001:db8::1"), ("bob", "fe80::1")]
        assert list(found) == [(*pair, "y" * 255) for pair in fitting]
    migrate(target, "--verify-only")


def test_who_is_locked_out_is_left_behind(source, target) -> None:
    for name in ("x" * 300, "x" * 301):
        AccessAttempt.objects.create(username=name, ip_address="unknown", failures_since_start=5)
    migrate(target)
    with as_default(target):
        assert not AccessAttempt.objects.exists()


def test_a_number_that_postgresql_has_no_room_for_is_named_before_anything_is_written(source, server) -> None:
    Tag.objects.filter(name="fermenter_ph").update(retention_days=3_000_000_000)
    with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE untouched")
    with pytest.raises(
        CommandError, match=r"3000000000 as retention_days of the table tags, in the row with id 2\. .*admin"
    ):
        migrate(server.format("untouched"))
    with psycopg.connect(server.format("untouched")) as left:
        assert left.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
