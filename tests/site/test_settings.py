"""The environment decides; what it says wrong is refused with the way out."""

import os
import re
import subprocess
import sys
from datetime import date, datetime, time
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db.models import fields

from fermon_site import environment

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PRODUCTION = {"FERMON_PRODUCTION": "1", "SECRET_KEY": KEY, "ALLOWED_HOSTS": "plant, other"}
SHOW = "from django.conf import settings as s; print(s.{})"
LOAD = SHOW.format("DEBUG")


def python(code: str, data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a fresh interpreter under these variables and no others of Fermon's."""
    env = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "fermon_site.settings"}
    env |= {"FERMON_DATA_DIR": str(data), **variables}
    return subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True)


def setting(name: str, data: Path, **variables: str) -> str:
    done = python(SHOW.format(name), data, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_data_directory_that_can_not_be_made_is_one_line_of_every_command(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = "import runpy, sys; sys.argv = ['manage.py', 'backup'];"
    done = python(f"{code} runpy.run_path('manage.py', run_name='__main__')", tmp_path / "file" / "below")
    assert (done.returncode, done.stdout) == (1, "")
    reason = f"[Errno 20] Not a directory: '{tmp_path / 'file' / 'below'}'"
    assert done.stderr == f"{environment.unwritable(reason)}\n"


def test_a_file_in_the_place_of_the_data_directory_or_its_secret_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match=r"FERMON_DATA_DIR: .* can't be written .*/file'"):
        environment.make_directories(tmp_path / "file")
    (tmp_path / "secret_key").mkdir()
    with pytest.raises(ImproperlyConfigured, match=r"FERMON_DATA_DIR: .* can't be written .*/secret_key'"):
        environment.stored_secret(tmp_path / "secret_key")


def test_production_needs_a_secret_key_and_says_so(tmp_path: Path) -> None:
    done = python(LOAD, tmp_path, FERMON_PRODUCTION="1", ALLOWED_HOSTS="plant")
    assert done.returncode != 0
    assert "FERMON_PRODUCTION=1 needs SECRET_KEY" in done.stderr


def test_production_needs_allowed_hosts_and_says_so(tmp_path: Path) -> None:
    done = python(LOAD, tmp_path, FERMON_PRODUCTION="1", SECRET_KEY=KEY)
    assert done.returncode != 0
    assert "FERMON_PRODUCTION=1 needs ALLOWED_HOSTS" in done.stderr


def test_production_is_closed_and_never_shows_debug_pages(tmp_path: Path) -> None:
    assert setting("FERMON_OPEN", tmp_path, **PRODUCTION) == "False"
    assert setting("DEBUG", tmp_path, **PRODUCTION) == "False"
    assert setting("ALLOWED_HOSTS", tmp_path, **PRODUCTION) == "['plant', 'other']"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SECRET_KEY", "short", "shorter than 50 characters"),
        ("SECRET_KEY", "abc" * 20, "fewer than 5 different characters"),
        ("SECRET_KEY", f"django-insecure-{KEY}", "begins as the samples in documentation do"),
        ("ALLOWED_HOSTS", "plant,*", "'*' is any host name"),
        ("ALLOWED_HOSTS", " , ,", "there is no name between its commas"),
        ("FERMON_OPEN", "1", "everybody could read and write"),
        ("FERMON_DEBUG", "1", "its pages show settings and source"),
    ],
)
def test_production_does_not_start_insecure(tmp_path: Path, name: str, value: str, why: str) -> None:
    done = python(LOAD, tmp_path, **{**PRODUCTION, name: value})
    assert done.returncode != 0
    message = done.stderr.splitlines()[-1]
    assert name in message
    assert why in message


def test_djangos_own_check_of_a_production_finds_nothing(tmp_path: Path) -> None:
    code = "import runpy, sys; sys.argv = ['manage.py', 'check', '--deploy', '--fail-level', 'DEBUG'];"
    done = python(f"{code} runpy.run_path('manage.py', run_name='__main__')", tmp_path, **PRODUCTION)
    # Whether a domain is put on browsers' own lists of those with TLS is not for Fermon to say.
    said = re.fullmatch(r"System check identified no issues \((\d) silenced\)\.\n", done.stdout)
    assert said is not None, done.stdout
    assert int(said[1]) in (1, 2)  # at seven, eight and ten o'clock W161 too
    assert done.stderr == ""


@pytest.mark.parametrize("at", [time(7), time(8), time(22)])
def test_the_hour_of_a_start_gives_no_warning(monkeypatch: pytest.MonkeyPatch, at: time) -> None:
    monkeypatch.setattr(fields, "_get_naive_now", lambda: datetime.combine(date(2026, 1, 31), at))
    assert [each for each in run_checks() if not each.is_silenced()] == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "plant.example"])  # noqa: S104
def test_open_by_default_it_listens_to_this_machine_alone(tmp_path: Path, host: str) -> None:
    done = python(LOAD, tmp_path, FERMON_HOST=host)
    assert done.returncode != 0
    assert f"{host} (FERMON_HOST) would let other machines in" in done.stderr
    for said in ("0", "1"):
        assert setting("FERMON_HOST", tmp_path, FERMON_HOST=host, FERMON_OPEN=said) == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.1.1", "::1", "localhost"])
def test_this_machine_has_several_names(tmp_path: Path, host: str) -> None:
    assert setting("FERMON_HOST", tmp_path, FERMON_HOST=host) == host


def test_without_any_variable_it_is_open_on_this_machine_only(tmp_path: Path) -> None:
    assert setting("FERMON_OPEN", tmp_path) == "True"
    assert setting("FERMON_HOST", tmp_path) == "127.0.0.1"
    assert "*" not in setting("ALLOWED_HOSTS", tmp_path)


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = setting("SECRET_KEY", tmp_path)
    assert len(first) > 50
    assert setting("SECRET_KEY", tmp_path) == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("FERMON_SIMULATOR", "perhaps", "use 'on' (or 1) or 'off' (or 0)"),
        ("FERMON_PORT", "http", "use a whole number from 1 to 65535"),
        ("FERMON_PORT", "70000", "use a whole number from 1 to 65535"),
        ("FERMON_TOTP", "always", "use one of off, optional, required"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(tmp_path: Path, name: str, value: str, advice: str) -> None:
    done = python(LOAD, tmp_path, **{name: value})
    assert done.returncode != 0
    assert f"{name}={value!r}" in done.stderr
    assert advice in done.stderr


@pytest.mark.parametrize(
    "address",
    ["localhost", "http://host:6379", "redis://", "redis://host:port/0", "redis://host/name", "unix://"],
)
def test_an_address_of_redis_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    done = python(LOAD, tmp_path, REDIS_URL=address)
    assert done.returncode != 0
    assert "REDIS_URL is not understood: use redis://host:6379/0" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "address",
    ["localhost", "mysql://host/name", "postgres://me:p[w@host/name", "postgres://a,,b/name", "file.db"],
)
def test_an_address_of_a_database_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    done = python(LOAD, tmp_path, DATABASE_URL=address)
    assert done.returncode != 0
    assert "DATABASE_URL is not understood: use postgres://user:" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtp://me:p%40ss@mail:2525", ["mail", 2525, "starttls", "me", "p@ss"]),
        ("smtps://mail", ["mail", 0, "tls", "", ""]),
        ("smtp+plain://mail:25", ["mail", 25, "none", "", ""]),
    ],
)
def test_a_mail_server_has_an_address(tmp_path: Path, address: str, expected: list[object]) -> None:
    assert setting("FERMON_SMTP.values()", tmp_path, FERMON_SMTP_URL=address) == f"dict_values({expected})"


@pytest.mark.parametrize("address", ["mail", "http://me:hush@mail", "smtp://", "smtp://me:hush@mail:port"])
def test_an_address_of_a_mail_server_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    done = python(LOAD, tmp_path, FERMON_SMTP_URL=address)
    assert done.returncode != 0
    assert "FERMON_SMTP_URL is not understood: use smtp://user:password@host:587" in done.stderr
    assert "hush" not in done.stderr


def test_an_empty_address_of_a_database_is_none(tmp_path: Path) -> None:
    assert "fermon.sqlite3" in setting("DATABASES['default']['NAME']", tmp_path, DATABASE_URL="")


@pytest.mark.parametrize(
    "wrong", [{"REDIS_URL": "redis://:hush@host/name"}, {"DATABASE_URL": "postgres://me:hush@[host/name"}]
)
def test_a_password_is_not_told_with_a_wrong_address(tmp_path: Path, wrong: dict[str, str]) -> None:
    done = python(LOAD, tmp_path, **wrong)
    assert done.returncode != 0
    assert "hush" not in done.stderr


@pytest.mark.parametrize("address", ["redis://:word@host:1/2", "rediss://host", "unix:///run/redis.sock", ""])
def test_an_address_of_redis_is_believed_in_until_it_is_used(tmp_path: Path, address: str) -> None:
    assert setting("REDIS_URL", tmp_path, REDIS_URL=address) == address


def test_the_worker_notes_its_state_where_redis_can_not_fail_it(tmp_path: Path) -> None:
    address = "redis://host:6379/0"
    assert "RedisCache" in setting("CACHES['default']", tmp_path, REDIS_URL=address)
    assert "LocMem" in setting("CACHES[s.Q_CLUSTER['cache']]", tmp_path, REDIS_URL=address)


def test_on_postgresql_nobody_waits_for_ever(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgres://a:b@host/name?sslmode=require", "FERMON_DATABASE_TIMEOUT": "7"}
    options = setting("DATABASES['default']['OPTIONS']", tmp_path, **given)
    for part in ("lock_timeout=7s", "idle_in_transaction_session_timeout", "'sslmode': 'require'"):
        assert part in options
    assert "'connect_timeout': 5" in options


def test_options_of_the_address_stand_beside_those_that_end_waiting(tmp_path: Path) -> None:
    address = "postgres://a:b@host/name?options=-csearch_path%3Dpublic"
    options = setting("DATABASES['default']['OPTIONS']['options']", tmp_path, DATABASE_URL=address).split(" ")
    assert options[1] == "lock_timeout=10s"
    assert options[3:] == ["idle_in_transaction_session_timeout=60s", "-csearch_path=public"]


@pytest.mark.parametrize(("size", "age"), [("5", "0"), ("0", "None")])
def test_connections_to_postgresql_are_pooled_or_kept(tmp_path: Path, size: str, age: str) -> None:
    given = {"DATABASE_URL": "postgres://a:b@host/name", "FERMON_DATABASE_POOL": size}
    assert setting("DATABASES['default']['CONN_MAX_AGE']", tmp_path, **given) == age
    options = setting("DATABASES['default']['OPTIONS'].get('pool')", tmp_path, **given)
    assert ("'max_size': 5" in options) == (size == "5")


def test_of_several_hosts_of_a_postgresql_the_one_that_takes_writes_counts(
    tmp_path: Path,
) -> None:
    address = "postgres://me:p%40ss@one:5433,[::1]:5434,three/name?sslmode=require"
    database = setting("DATABASES['default']", tmp_path, DATABASE_URL=address)
    for part in (
        "'HOST': 'one,::1,three'",
        "'PORT': '5433,5434,5432'",
        "'PASSWORD': 'p@ss'",
        "'NAME': 'name'",
    ):
        assert part in database
    assert "'target_session_attrs': 'read-write'" in database
    assert "'sslmode': 'require'" in database


def test_the_address_may_say_which_of_several_hosts_counts(tmp_path: Path) -> None:
    address = "postgres://one,two/name?target_session_attrs=any"
    assert "'target_session_attrs': 'any'" in setting("DATABASES['default']", tmp_path, DATABASE_URL=address)


def test_a_replica_is_read_only_and_has_a_pool_of_its_own(tmp_path: Path) -> None:
    given = {
        "DATABASE_URL": "postgres://a:b@one/name",
        "DATABASE_REPLICA_URL": "postgres://a:b@two/name",
    }
    replica = setting("DATABASES['replica']", tmp_path, **given)
    for part in ("default_transaction_read_only=on", "'max_size': 12"):
        assert part in replica
    assert "replica" not in setting("DATABASES", tmp_path, DATABASE_URL=given["DATABASE_URL"])


@pytest.mark.parametrize(
    ("primary", "replica", "why"),
    [
        ("postgres://host/name", "host", "DATABASE_REPLICA_URL is not understood: use postgres://user:"),
        ("postgres://host/name", "postgres://me:hush@a:x,b/name", "DATABASE_REPLICA_URL is not understood"),
        ("postgres://host/name", "sqlite:////file", "the address of a standby of DATABASE_URL"),
        ("postgres://a,b/name", "postgres://me:hush@b,c/name", "names several hosts: name one standby"),
        ("postgres://a/name", "postgres://me:hush@/name?host=b,c", "names several hosts: name one standby"),
        ("", "postgres://me:hush@host/name", "DATABASE_REPLICA_URL needs a PostgreSQL in DATABASE_URL"),
    ],
)
def test_an_address_of_a_replica_that_is_none_is_refused(
    tmp_path: Path, primary: str, replica: str, why: str
) -> None:
    done = python(LOAD, tmp_path, DATABASE_URL=primary, DATABASE_REPLICA_URL=replica)
    assert done.returncode != 0
    assert why in done.stderr.splitlines()[-1]
    assert "hush" not in done.stderr


@pytest.mark.parametrize(("word", "expected"), [("off", "False"), ("On", "True"), ("", "True")])
def test_the_simulator_is_switched_by_a_word(tmp_path: Path, word: str, expected: str) -> None:
    assert setting("FERMON_SIMULATOR", tmp_path, FERMON_SIMULATOR=word) == expected
    assert setting("FERMON_DEMO_VESSEL", tmp_path, FERMON_DEMO_VESSEL=word) == expected


def test_sqlite_is_set_up_to_keep_what_it_acknowledges(tmp_path: Path) -> None:
    code = (
        "import django; django.setup(); from django.db import connection as c; cursor = c.cursor();"
        "print([cursor.execute(f'PRAGMA {name}').fetchone()[0] for name in"
        " ('journal_mode', 'synchronous', 'foreign_keys', 'mmap_size')])"
    )
    assert python(code, tmp_path).stdout.strip() == "['wal', 2, 1, 0]"


def test_another_database_file_may_be_named(tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    assert setting("DATABASES['default']['NAME']", tmp_path, DATABASE_URL=other).endswith("other.sqlite3")
    assert "IMMEDIATE" in setting("DATABASES['default']['OPTIONS']", tmp_path, DATABASE_URL=other)


PROVIDER = {"FERMON_OIDC_ISSUER": "http://login.plant", "FERMON_OIDC_CLIENT_ID": "fermon"}


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({**PROVIDER, "FERMON_OIDC_CLIENT_ID": ""}, "FERMON_OIDC_ISSUER needs FERMON_OIDC_CLIENT_ID"),
        (PROVIDER, "FERMON_OIDC_ISSUER needs FERMON_OIDC_ROLES"),
        ({**PROVIDER, "FERMON_OIDC_ROLES": "a=boss"}, "FERMON_OIDC_ROLES: 'a=boss' is not understood"),
        ({**PROVIDER, "FERMON_OIDC_ROLES": "operator"}, "FERMON_OIDC_ROLES: 'operator' is not understood"),
        ({**PROVIDER, **PRODUCTION, "FERMON_OIDC_ROLES": "a=viewer"}, "logins would travel without TLS"),
    ],
)
def test_single_sign_on_that_can_not_work_is_refused(
    tmp_path: Path, variables: dict[str, str], why: str
) -> None:
    done = python(LOAD, tmp_path, **variables)
    assert done.returncode != 0
    assert why in done.stderr.splitlines()[-1]


def test_groups_may_have_commas_and_equals_signs(tmp_path: Path) -> None:
    roles = "cn=fermon,ou=plant=operator; fermon engineers = engineer"
    found = setting("FERMON_OIDC_ROLES", tmp_path, FERMON_OIDC_ROLES=roles)
    assert found == str({"cn=fermon,ou=plant": "operator", "fermon engineers": "engineer"})


def test_what_is_configured_takes_its_place_and_nothing_else_does(tmp_path: Path) -> None:
    parts = SHOW.format("MIDDLEWARE, s.AUTHENTICATION_BACKENDS")
    provider = {**PROVIDER, "FERMON_OIDC_ROLES": "a=viewer", "FERMON_TOTP": "optional"}
    done, plain = python(parts, tmp_path, **provider), python(parts, tmp_path)
    for name in ("session_refresh", "single_sign_on.backend", "enforcement"):
        assert (name in done.stdout, name in plain.stdout) == (True, False)
