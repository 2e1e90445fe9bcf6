"""The environment variables that Fermon reads, each in one place and with its default."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

DATABASES = frozenset({"django.db.backends.sqlite3", "django.db.backends.postgresql"})
TRUE = frozenset({"1", "on", "true", "yes"})
FALSE = frozenset({"0", "off", "false", "no"})


def text(name: str, default: str) -> str:
    """The variable's text; unset and empty both mean the default."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """The variable as a yes or no.

    Raises:
        ImproperlyConfigured: it is neither of the words for yes nor those for no.
    """
    word = text(name, "on" if default else "off").lower()
    if word in TRUE | FALSE:
        return word in TRUE
    raise ImproperlyConfigured(f"{name}={word!r} is not understood: use 'on' (or 1) or 'off' (or 0).")


def whole_number(name: str, default: int, *, lowest: int, highest: int) -> int:
    """The variable as an integer in [lowest, highest].

    Raises:
        ImproperlyConfigured: it is not a whole number, or outside the bounds.
    """
    word = text(name, str(default))
    if word.isdecimal() and lowest <= int(word) <= highest:
        return int(word)
    raise ImproperlyConfigured(
        f"{name}={word!r} is not understood: use a whole number from {lowest} to {highest}."
    )


def database_address(name: str, default: str) -> dict[str, Any]:
    """The variable as Django's settings of a SQLite or PostgreSQL database.

    Raises:
        ImproperlyConfigured: it is no such address. The message does not show it: it may hold a password.
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
    """The variable as the address of a Redis server; empty if unset. Whether one is there is not asked.

    Raises:
        ImproperlyConfigured: it is no such address. The message does not show it: it may hold a password.
    """
    address = text(name, "")
    if address and not is_redis_address(address):
        raise ImproperlyConfigured(
            f"{name} is not understood: use redis://host:6379/0, with a password"
            " redis://:password@host:6379/0, with TLS rediss://host:6379/0, or unix:///path/to/socket."
        )
    return address


def is_redis_address(address: str) -> bool:
    """Whether it has the form of one."""
    try:
        parts = urlsplit(address)
        database = parts.path.removeprefix("/")
        is_host = bool(parts.hostname) and parts.port != 0 and (not database or database.isdecimal())
    except ValueError:
        return False
    if parts.scheme == "unix":
        return parts.path not in {"", "/"}
    return parts.scheme in {"redis", "rediss"} and is_host


def words(name: str) -> list[str]:
    """The variable as a comma-separated list, empty if unset."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def required(name: str, purpose: str) -> str:
    """The variable's text.

    Raises:
        ImproperlyConfigured: it is unset or empty.
    """
    value = text(name, "")
    if not value:
        raise ImproperlyConfigured(f"FERMON_PRODUCTION=1 needs {name} ({purpose}). Set it and start again.")
    return value


def kept_secret(path: Path) -> str:
    """The secret in this file; made once, so that logins outlive a restart.

    Two processes that start together agree: the file is linked into place whole.
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
