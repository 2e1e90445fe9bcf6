"""The form of an e-mail channel."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from monitoring.notifications.channels.checks import checker, host_name, one_of
from monitoring.notifications.channels.kind import Field

FIELDS = (
    Field("to", "Address", "As anna@plant.example."),
    Field("server", "Mail server", "Empty: the server of FERMON_SMTP_URL.", is_required=False),
    Field("port", "Port", "Empty: 587, with tls 465, with none 25.", is_required=False),
    Field("security", "Encryption", "starttls (the default), tls or none.", is_required=False),
    Field("user", "User", "Empty: no login.", is_required=False),
    Field("password", "Password", "", is_secret=True, is_required=False),
    Field("from", "Sender", "Empty: the address of FERMON_EMAIL_FROM.", is_required=False),
)


def mail_address(value: str, allows_local: bool) -> str:
    """Check one address of e-mail."""
    try:
        validate_email(value)
    except ValidationError:
        return "This is no e-mail address: use one as anna@plant.example."
    return ""


def port_number(value: str, allows_local: bool) -> str:
    """Check a port."""
    is_port = value.isdecimal() and 1 <= int(value) <= 65535
    return "" if is_port else "Use a whole number from 1 to 65535."


CHECKS = {
    "to": mail_address,
    "from": mail_address,
    "server": host_name,
    "port": port_number,
    "security": one_of("starttls", "tls", "none"),
}


def check(values: Mapping[str, str], allows_local: bool) -> dict[str, str]:
    """Return the errors of the fields; a login goes to a named server alone, and never unencrypted."""
    errors = checker(FIELDS, CHECKS)(values, allows_local)
    if values.get("user") and not values.get("server"):
        errors.setdefault("server", "Enter the server to which the user belongs.")
    if values.get("user") and values.get("security") == "none":
        errors.setdefault("security", "A password needs starttls or tls.")
    return errors
