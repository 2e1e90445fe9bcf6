"""The environment variables that Fermon reads: parsing, defaults and errors."""

import os
import re
import secrets
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

POSTGRESQL = "django.db.backends.postgresql"
POSTGRESQL_PORT = 5432
DATABASES = frozenset({"django.db.backends.sqlite3", POSTGRESQL})
TRUE = frozenset({"1", "on", "true", "yes"})
# Schemes of a mail server's address, and the encryption that each stands for.
SMTP_SECURITY = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "none"}
ORIGIN_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:]+")
LOCALTIME = Path("/etc/localtime")
FALSE = frozenset({"0", "off", "false", "no"})


def text(name: str, default: str) -> str:
    """Return the variable's text; unset and empty both mean the default."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """Return the variable as a boolean.

    Raises:
        ImproperlyConfigured: the word stands for neither yes nor no.
    """
    word = text(name, "on" if default else "off").lower()
    if word in TRUE | FALSE:
        return word in TRUE
    raise ImproperlyConfigured(f"{name}={word!r} is not understood: use 'on' (or 1) or 'off' (or 0).")


def whole_number(name: str, default: int, *, lowest: int, highest: int) -> int:
    """Return the variable as an integer in [lowest, highest].

    Raises:
        ImproperlyConfigured: the text is no whole number, or outside the bounds.
    """
    word = text(name, str(default))
    if word.isdecimal() and lowest <= int(word) <= highest:
        return int(word)
    raise ImproperlyConfigured(
        f"{name}={word!r} is not understood: use a whole number from {lowest} to {highest}."
    )


def time_zone(name: str) -> str:
    """Return the variable as the IANA name of a time zone; unset: the zone of this machine, else UTC.

    Raises:
        ImproperlyConfigured: no zone has this name.
    """
    word = text(name, "") or machine_zone()
    try:
        return ZoneInfo(word).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ImproperlyConfigured(
            f"{name}={word!r} is not understood: use the name of a time zone, as Europe/Berlin."
        ) from error


def machine_zone() -> str:
    """Return the name of the zone to which /etc/localtime links; UTC where there is no such link."""
    _, _, name = str(LOCALTIME.resolve()).partition("/zoneinfo/")
    return name or "UTC"


def user_data_dir() -> Path:
    """Return the directory for the data of an installation without a checkout, by the system's custom."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(text("LOCALAPPDATA", str(home / "AppData" / "Local"))) / "fermon"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "fermon"
    return Path(text("XDG_DATA_HOME", str(home / ".local" / "share"))) / "fermon"


def unwritable(reason: object) -> str:
    """Return the error of a data directory that can't be made, read or written, with the remedy."""
    return (
        f"FERMON_DATA_DIR: the data directory can't be written ({reason}). Set it to a directory that this"
        " user can write."
    )


@contextmanager
def writable_data() -> Iterator[None]:
    """Convert an error of the operating system in the data directory.

    Raises:
        ImproperlyConfigured: the directory can't be made, or one of its files not be read or written.
    """
    try:
        yield
    except OSError as error:
        raise ImproperlyConfigured(unwritable(error)) from error


def make_directories(*directories: Path) -> None:
    """Make the data directory, and directories in it, unless they exist.

    Raises:
        ImproperlyConfigured: one of them can't be made.
    """
    with writable_data():
        for directory in directories:
            directory.mkdir(parents=True, exist_ok=True)


def database_address(name: str, default: str) -> dict[str, Any]:
    """Return the variable as Django's settings of a SQLite or PostgreSQL database.

    The address of a PostgreSQL may have several hosts, separated by commas, each with its port: psycopg tries
    them in this order. Unless the address says otherwise, only a host that takes writes counts.

    Raises:
        ImproperlyConfigured: the text is no such address. The message omits the text: it may hold a password.
    """
    try:
        found = parsed_database(text(name, default))
    except ValueError:
        found = {}
    if found.get("ENGINE") not in DATABASES:
        raise ImproperlyConfigured(
            f"{name} is not understood: use postgres://user:password@host/name or sqlite:////path/to/file,"
            " what is no letter or digit in user or password written as %xx."
        )
    return found


def parsed_database(address: str) -> dict[str, Any]:
    """Return the address of a database as Django's settings.

    Raises:
        ValueError: the text is no such address.
    """
    netloc = urlsplit(address).netloc
    login, at, hosts = netloc.rpartition("@")
    if "," not in hosts:
        return dict(dj_database_url.parse(address))
    parts = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if not all(part.hostname for part in parts):
        raise ValueError("a host is empty")
    found: dict[str, Any] = dict(dj_database_url.parse(address.replace(netloc, f"{login}{at}host", 1)))
    found["HOST"] = ",".join(str(part.hostname) for part in parts)
    found["PORT"] = ",".join(str(part.port or POSTGRESQL_PORT) for part in parts)
    options: dict[str, Any] = {"target_session_attrs": "read-write"}
    found["OPTIONS"] = {**options, **found.get("OPTIONS", {})}
    return found


def replica_address(name: str, primary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variable as Django's settings of a replica of ``primary``; empty if unset.

    Raises:
        ImproperlyConfigured: the text is no address of a PostgreSQL, or of several, or the primary is none.
            The message omits the text: it may hold a password.
    """
    if not text(name, ""):
        return {}
    try:
        found = parsed_database(text(name, ""))
    except ValueError:
        found = {}
    if found.get("ENGINE") != POSTGRESQL:
        raise ImproperlyConfigured(
            f"{name} is not understood: use postgres://user:password@host/name, the address of a standby of"
            " DATABASE_URL, what is no letter or digit in user or password written as %xx."
        )
    if primary["ENGINE"] != POSTGRESQL:
        raise ImproperlyConfigured(
            f"{name} needs a PostgreSQL in DATABASE_URL, of which it is a standby: SQLite has no replicas."
        )
    options = found.get("OPTIONS", {})
    if "," in f"{found['HOST']}{options.get('host', '')}{options.get('hostaddr', '')}":
        raise ImproperlyConfigured(  # the lag is measured on one connection and counts for all
            f"{name} names several hosts: name one standby. Otherwise each connection might lead to another"
            " server, whose lag is not known."
        )
    return found


def redis_address(name: str) -> str:
    """Return the variable as the address of a Redis server, without a connection; empty if unset.

    Raises:
        ImproperlyConfigured: the text is no such address. The message omits the text: it may hold a password.
    """
    address = text(name, "")
    if address and not is_redis_address(address):
        raise ImproperlyConfigured(
            f"{name} is not understood: use redis://host:6379/0, with a password"
            " redis://:password@host:6379/0, with TLS rediss://host:6379/0, or unix:///path/to/socket."
        )
    return address


def is_redis_address(address: str) -> bool:
    """Return whether the text has the form of a Redis address."""
    try:
        parts = urlsplit(address)
        database = parts.path.removeprefix("/")
        is_host = bool(parts.hostname) and parts.port != 0 and (not database or database.isdecimal())
    except ValueError:
        return False
    if parts.scheme == "unix":
        return parts.path not in {"", "/"}
    return parts.scheme in {"redis", "rediss"} and is_host


def web_address(name: str) -> str:
    """Return the variable as an address of the web; empty if unset.

    Raises:
        ImproperlyConfigured: the text is no such address. The message omits the text: it may hold a secret.
    """
    address = text(name, "")
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if address and not is_address:
        raise ImproperlyConfigured(f"{name} is not understood: use https://host/path.")
    return address


def archive_address(name: str) -> str:
    """Return the address of the archive: a directory, or S3-compatible storage; empty if it is not given.

    Raises:
        ImproperlyConfigured: the address is of another kind.
    """
    given = text(name, "")
    if "://" in given and not given.startswith("s3://"):
        raise ImproperlyConfigured(
            f"{name}: got {given!r}; expected the path of a directory, or s3://bucket/prefix"
        )
    return given if not given or "://" in given else str(Path(given).resolve())


def smtp_server(name: str) -> dict[str, Any]:
    """Return the variable as host, port, security, user and password of a mail server; empty if unset.

    Raises:
        ImproperlyConfigured: the text is no such address. The message omits the text: it may hold a password.
    """
    address = text(name, "")
    if not address:
        return {}
    try:
        parts = urlsplit(address)
        port, security = parts.port, SMTP_SECURITY.get(parts.scheme, "")
    except ValueError:
        port, security = None, ""
    if not security or not parts.hostname or port == 0 or parts.path.strip("/") or parts.query:
        raise ImproperlyConfigured(
            f"{name} is not understood: use smtp://user:password@host:587 (STARTTLS), smtps://... (TLS)"
            " or, without encryption, smtp+plain://host:25, what is no letter or digit in user or password"
            " written as %xx."
        )
    login = {"user": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    return {"host": parts.hostname, "port": port or 0, "security": security, **login}


def words(name: str) -> list[str]:
    """Return the variable as a comma-separated list, empty if unset."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def origins(name: str) -> frozenset[str]:
    """Return the variable as web origins, separated by commas; empty if unset.

    Raises:
        ImproperlyConfigured: one is no exact origin, such as a wildcard or an address with a path.
    """
    found = frozenset(words(name))
    for word in found:
        if not is_origin(word):
            raise ImproperlyConfigured(
                f"{name}: {word!r} is no origin. Use scheme, host and port as browsers send them, in small"
                " letters and without a path or '*': https://grafana.plant.example, http://10.0.0.5:3000."
            )
    return found


def is_origin(word: str) -> bool:
    """Return whether the text is an origin as browsers serialise it: without a default port or a path."""
    try:
        parts = urlsplit(word)
        default = {"http": 80, "https": 443}[parts.scheme]
        is_plain = parts.port not in {0, default} and bool(ORIGIN_HOST.fullmatch(parts.hostname or ""))
    except (KeyError, ValueError):
        return False
    return (
        is_plain and word == f"{parts.scheme}://{parts.netloc}" and "@" not in word and word == word.lower()
    )


def role_mapping(name: str, roles: Collection[str]) -> dict[str, str]:
    """Return the variable as roles by group, from pairs ``group=role``.

    Pairs are separated by commas; by semicolons where there is one, for groups with commas in their names.
    The role stands after the last equals sign.

    Raises:
        ImproperlyConfigured: a pair has no group, or a role that does not exist.
    """
    given = text(name, "")
    pairs = [pair.strip() for pair in given.split(";" if ";" in given else ",") if pair.strip()]
    found = {}
    for pair in pairs:
        group, _, role = (part.strip() for part in pair.rpartition("="))
        if not group or role not in roles:
            raise ImproperlyConfigured(
                f"{name}: {pair!r} is not understood: use group=role with a role of {', '.join(roles)}."
            )
        found[group] = role
    return found


def choice(name: str, default: str, choices: Collection[str]) -> str:
    """Return the variable as one of the words.

    Raises:
        ImproperlyConfigured: the text is another word.
    """
    word = text(name, default).lower()
    if word in choices:
        return word
    raise ImproperlyConfigured(f"{name}={word!r} is not understood: use one of {', '.join(choices)}.")


def required(name: str, purpose: str) -> str:
    """Return the variable's text.

    Raises:
        ImproperlyConfigured: the variable is unset or empty.
    """
    value = text(name, "")
    if not value:
        raise ImproperlyConfigured(f"FERMON_PRODUCTION=1 needs {name} ({purpose}). Set it and start again.")
    return value


def stored_secret(path: Path) -> str:
    """Return the secret in this file; make the file if missing, so that logins survive a restart.

    Two processes that start together agree on one secret: a hard link puts the complete file in place.

    Raises:
        ImproperlyConfigured: the file can't be read or made.
    """
    with writable_data():
        return made_secret(path)


def made_secret(path: Path) -> str:
    """Return the secret in this file; make the file if missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50), encoding="ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()
