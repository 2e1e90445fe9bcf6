"""OPC UA: the form of a source, the options of a mapping, and their checks."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.kind import TIMES, Field, SourceKind
from monitoring.sources.targets import host_error

PORT = 4840
SAMPLING_MS, PUBLISHING_MS, FILL_HOURS = 1_000, 1_000, 24
NODE = re.compile(r"(?:(?:ns=\d{1,5}|nsu=[^;]+);)?(?:i=\d{1,10}|s=.+|g=[0-9a-fA-F-]{36}|b=[A-Za-z0-9+/=]+)")
ELEMENT = re.compile(r"/(\d{1,6})")
NO_SECURITY = "None"
# Of the fields' values: class of the policy in asyncua, and mode of the messages.
POLICIES = {
    "Basic256Sha256_SignAndEncrypt": ("Basic256Sha256", "SignAndEncrypt"),
    "Basic256Sha256_Sign": ("Basic256Sha256", "Sign"),
    "Aes256Sha256RsaPss_SignAndEncrypt": ("Aes256Sha256RsaPss", "SignAndEncrypt"),
    "Aes256Sha256RsaPss_Sign": ("Aes256Sha256RsaPss", "Sign"),
    "Aes128Sha256RsaOaep_SignAndEncrypt": ("Aes128Sha256RsaOaep", "SignAndEncrypt"),
    "Aes128Sha256RsaOaep_Sign": ("Aes128Sha256RsaOaep", "Sign"),
    NO_SECURITY: ("", "None_"),
}
LABELS = {
    "Basic256Sha256_SignAndEncrypt": "Basic256Sha256, signed and encrypted",
    "Basic256Sha256_Sign": "Basic256Sha256, signed",
    "Aes256Sha256RsaPss_SignAndEncrypt": "Aes256-Sha256-RsaPss, signed and encrypted",
    "Aes256Sha256RsaPss_Sign": "Aes256-Sha256-RsaPss, signed",
    "Aes128Sha256RsaOaep_SignAndEncrypt": "Aes128-Sha256-RsaOaep, signed and encrypted",
    "Aes128Sha256RsaOaep_Sign": "Aes128-Sha256-RsaOaep, signed",
    NO_SECURITY: "None: anyone on the network can read and change values",
}
SECURE = "Basic256Sha256_SignAndEncrypt"


@dataclass(frozen=True, slots=True)
class Settings:
    """The fields of a source, parsed. Times are in milliseconds and hours."""

    url: str
    host: str
    port: int
    policy: str
    user: str
    password: str
    user_certificate: str
    user_key: str
    allows_plain_password: bool
    publishing_ms: int
    fill_hours: float


def settings_of(config: SourceConfig) -> Settings:
    """Return the settings of a source whose fields ``check`` has accepted."""
    fields = config.fields
    url = fields.get("url", "")
    parts = urlsplit(url)
    return Settings(
        url=url,
        host=parts.hostname or "",
        port=parts.port or PORT,
        policy=fields.get("policy") or SECURE,
        user=fields.get("user", ""),
        password=fields.get("password", ""),
        user_certificate=fields.get("user_certificate", ""),
        user_key=fields.get("user_key", ""),
        allows_plain_password=fields.get("unprotected_login") == "yes",
        publishing_ms=int(fields.get("publishing_ms") or PUBLISHING_MS),
        fill_hours=float(fields.get("fill_hours") or FILL_HOURS),
    )


def sampling_of(rule: MappingRule) -> float:
    """Return the sampling interval of a mapping in milliseconds."""
    return float(str(rule.options.get("sampling_ms") or SAMPLING_MS))


def deadband_of(rule: MappingRule) -> float:
    """Return the absolute deadband of a mapping in the unit of the server; 0 for none."""
    return float(str(rule.options.get("deadband") or 0))


def element_of(rule: MappingRule) -> int | None:
    """Return the index of the array's element that a mapping takes; None for a scalar."""
    found = ELEMENT.fullmatch(rule.value_pointer)
    return int(found[1]) if found else None


def check(values: Mapping[str, str]) -> dict[str, str]:
    """Return the errors of the form, by field."""
    found = {
        "url": url_error(values.get("url", "")),
        "publishing_ms": number_error(values.get("publishing_ms", ""), 100, 60_000),
        "fill_hours": number_error(values.get("fill_hours", ""), 0, 8_760),
    }
    has_user = bool(values.get("user"))
    if has_user != bool(values.get("password")):
        found["password" if has_user else "user"] = "Enter user and password, or neither."
    elif has_user and values.get("policy") == NO_SECURITY and values.get("unprotected_login") != "yes":
        found["unprotected_login"] = (
            "Without security anyone on the network can read the password. Choose a policy, or allow it."
        )
    if bool(values.get("user_certificate")) != bool(values.get("user_key")):
        found["user_key"] = "Enter certificate and key of the user, or neither."
    elif has_user and values.get("user_key"):
        found["user_key"] = "Enter a password or a certificate of the user, not both."
    return {name: text for name, text in found.items() if text}


def url_error(url: str) -> str:
    """Return the error of an endpoint's address; empty if there is none."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme != "opc.tcp" or not host:
        return "Expected opc.tcp://host:port, as opc.tcp://192.168.0.1:4840."
    if parts.username is not None or parts.password is not None:
        return "Enter user and password in their own fields."
    return host_error(host)


def number_error(text: str, lowest: float, highest: float) -> str:
    """Return the error of a number's text; empty text stands for the default."""
    if not text:
        return ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    return "" if lowest <= value <= highest else f"Expected a number from {lowest:g} to {highest:g}."


def check_mapping(values: Mapping[str, object]) -> dict[str, str]:
    """Return the errors of a mapping, by field."""
    pointer = str(values.get("value_pointer") or "")
    found = {
        "address": "" if NODE.fullmatch(str(values.get("address") or "")) else NO_NODE,
        "value_pointer": "" if not pointer or ELEMENT.fullmatch(pointer) else NO_ELEMENT,
        "options": options_error(values.get("options")),
    }
    return {name: text for name, text in found.items() if text}


def options_error(options: object) -> str:
    """Return the error of a mapping's options; empty if there is none."""
    given = options if isinstance(options, Mapping) else {}
    sampling = number_error(str(given.get("sampling_ms") or ""), 10, 3_600_000)
    deadband = number_error(str(given.get("deadband") or ""), 0, 1e30)
    if sampling:
        return f"Sampling interval: {sampling}"
    return f"Deadband: {deadband}" if deadband else ""


NO_NODE = "Expected a node id, as ns=3;s=Reactor.Temperature, ns=2;i=1001 or nsu=http://plant/;s=pH."
NO_ELEMENT = "Expected nothing, or the element of an array, counted from 0: /3."

PARAMETERS = (
    Field(
        "node",
        "Folder to open",
        "A node id, as i=85 for the folder Objects. Empty: all variables, at most 5,000.",
        is_required=False,
    ),
)

KIND = SourceKind(
    name="opcua",
    label="OPC UA",
    package="monitoring.sources.opcua",
    parameters=PARAMETERS,
    fields=(
        Field(
            "url",
            "Endpoint",
            "opc.tcp://host:port, as the server's manual or its configuration shows it.",
            default="opc.tcp://",
            is_trust=True,
        ),
        Field(
            "policy",
            "Security",
            "The server must offer it. Sign: values can be read on the network, not changed.",
            default=SECURE,
            choices=tuple(LABELS.items()),
            is_trust=True,
        ),
        Field("user", "User", "Empty: anonymous, or by certificate.", is_required=False, is_trust=True),
        Field("password", "Password", is_secret=True, is_required=False, is_trust=True),
        Field(
            "unprotected_login",
            "Send the password without encryption",
            "Only with security None: anyone on the network can read it.",
            choices=(("", "no"), ("yes", "yes")),
            is_required=False,
            is_trust=True,
        ),
        Field(
            "user_certificate",
            "Certificate of the user",
            "PEM. In place of a password, if the server wants it.",
            is_required=False,
            is_trust=True,
            lines=True,
        ),
        Field(
            "user_key",
            "Key of the user's certificate",
            "PEM, without a passphrase.",
            is_secret=True,
            is_required=False,
            is_trust=True,
            lines=True,
        ),
        Field(
            "publishing_ms",
            "Publishing interval, ms",
            "How often the server sends what it has sampled.",
            default=str(PUBLISHING_MS),
            is_required=False,
        ),
        Field(
            "fill_hours",
            "History read after an interruption, hours",
            "As far back at most; 0: never.",
            default=str(FILL_HOURS),
            is_required=False,
        ),
    ),
    check=check,
    check_mapping=check_mapping,
    options=(
        Field(
            "sampling_ms",
            "Sampling interval, ms",
            f"How often the server looks at the value. Empty: {SAMPLING_MS}.",
            is_required=False,
        ),
        Field(
            "deadband",
            "Deadband",
            "Smaller changes, in the server's unit, are not sent. Empty: every change is.",
            is_required=False,
        ),
    ),
    libraries={"asyncua": "asyncua==2.1.0"},
    address_label="Node",
    unused=TIMES,  # the server sends the time of each value
    address_help="Node id, as ns=3;s=Reactor.Temperature. Of an array: the element as value pointer, /3.",
)
