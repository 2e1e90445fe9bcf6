"""The environment variables that Fermon reads: parsing, defaults and errors."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

DATABASES = frozenset({"django.db.backends.sqlite3", "django.db.backends.postgresql"})
TRUE = frozenset({"1", "on", "true", "yes"})
# Schemes of a mail server's address, and the encryption that each stands for.
SMTP_SECURITY = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "none"}
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


def database_address(name: str, default: str) -> dict[str, Any]:
    """Return the variable as Django's settings of a SQLite or PostgreSQL database.

    Raises:
        ImproperlyConfigured: the text is no such address. The message omits the text: it may hold a password.
    """
    try:
        found = dict(dj_database_url.parse(text(name, default)))
    except ValueError:
        found = {}
    if found.get("ENGINE") not in DATABASES:
        raise ImproperlyConfigured(
            f"{name} is not understood: use postgres://user:password@host/name or sqlite:////path/to/file,"
            " what is no letter or digit in user or password written as %xx."
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
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
