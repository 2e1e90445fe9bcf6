"""Checks of a channel's form. They resolve no name: a form may not wait for a resolver."""

import re
from collections.abc import Callable, Mapping

from monitoring.kernel.reachable import is_allowed
from monitoring.notifications.channels.kind import Field
from monitoring.notifications.transport.allowed import RefusedTargetError, refusal
from monitoring.notifications.transport.http import checked_url

# Returns the error of a value, or an empty text. The flag allows local targets.
Check = Callable[[str, bool], str]


def checker(
    fields: tuple[Field, ...], checks: Mapping[str, Check]
) -> Callable[[Mapping[str, str], bool], dict[str, str]]:
    """Return the ``check`` of a kind: required fields are there, each value that is there passes its check.

    A value from the environment ("env:NAME") is checked when the channel is used.
    """

    def check(values: Mapping[str, str], allows_local: bool) -> dict[str, str]:
        found = {field.name: _error(field, values.get(field.name, ""), allows_local) for field in fields}
        return {name: error for name, error in found.items() if error}

    def _error(field: Field, value: str, allows_local: bool) -> str:
        if not value.strip():
            return "This field is required." if field.is_required else ""
        if "\n" in value or "\r" in value:
            return "This field has one line."
        if field.name not in checks or (field.is_secret and value.startswith("env:")):
            return ""
        return checks[field.name](value.strip(), allows_local)

    return check


def http_url(value: str, allows_local: bool) -> str:
    """Check an address of HTTP or HTTPS."""
    try:
        host = checked_url(value).hostname or ""
    except RefusedTargetError as error:
        return str(error)
    return host_name(host, allows_local)


def host_name(value: str, allows_local: bool) -> str:
    """Check a host: a name, or an IP address that is allowed."""
    if allows_local:
        return ""
    try:
        is_refused = not is_allowed(value)
    except ValueError:
        is_refused = value.lower().rstrip(".") == "localhost"
    return refusal(value) if is_refused else ""


def one_of(*choices: str) -> Check:
    """Return a check that the value is one of some words."""

    def check(value: str, allows_local: bool) -> str:
        return "" if value in choices else f"Use one of: {', '.join(choices)}."

    return check


def matching(pattern: str, sentence: str) -> Check:
    """Return a check that the whole value matches a regular expression; else ``sentence`` is the error."""
    expression = re.compile(pattern)

    def check(value: str, allows_local: bool) -> str:
        return "" if expression.fullmatch(value) else sentence

    return check
