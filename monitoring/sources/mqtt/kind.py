"""MQTT: the form of a broker, and the checks of its fields."""

import re
import ssl
from collections.abc import Callable, Mapping
from itertools import combinations

from monitoring.sources.config import MappingRule
from monitoring.sources.kind import TIMES, Field, SourceKind
from monitoring.sources.mqtt.payloads import parse_texts
from monitoring.sources.mqtt.settings import (
    LOGIN_NEEDS_TLS,
    OFFLINE,
    ONLINE,
    VERSION_5,
    VERSION_311,
    YES,
    lines_of,
    words_of,
)
from monitoring.sources.mqtt.sparkplug_rules import parse_rule
from monitoring.sources.mqtt.templates import CHOICES
from monitoring.sources.patterns import (
    address_problem,
    filter_covers,
    filters_meet,
    is_sparkplug,
    parse_pattern,
    split_pointer,
)
from monitoring.sources.pointers import parse_pointer
from monitoring.sources.targets import host_error

LONGEST_CLIENT_ID = 128
MOST_FILTERS = 200
CLIENT_ID = re.compile(rf"[!-~]{{1,{LONGEST_CLIENT_ID}}}")
PEM = "-----BEGIN"

FIELDS = (
    Field("host", "Host", "Name or IP address of the broker.", is_trust=True),
    Field("port", "Port", "Empty: 1883, with TLS 8883.", is_required=False, is_trust=True),
    Field("tls", "TLS", default="off", choices=(("off", "Off"), ("on", "On")), is_trust=True),
    Field(
        "ca",
        "Certificate authority",
        "PEM text, or the path of a file on the server: signs the broker's certificate. Empty: those of the"
        " operating system.",
        is_required=False,
        is_trust=True,
        lines=True,
    ),
    Field(
        "certificate",
        "Client certificate",
        "PEM text or path, if the broker asks for one.",
        is_required=False,
        is_trust=True,
        lines=True,
    ),
    Field(
        "key",
        "Key of the client certificate",
        "PEM text or path, without a passphrase.",
        is_required=False,
        is_secret=True,
        is_trust=True,
        lines=True,
    ),
    Field("user", "User", is_required=False, is_trust=True),
    Field("password", "Password", is_required=False, is_secret=True, is_trust=True),
    Field(
        "allow_plain_password",
        "Password without TLS",
        "Without TLS, a password can be read by anyone on the network.",
        default="no",
        choices=(("no", "Refuse"), (YES, "Allow")),
        is_required=False,
        is_trust=True,
    ),
    Field(
        "version",
        "MQTT version",
        "3.1.1 for brokers that do not know 5: they withhold no large messages and deliver more slowly.",
        default=VERSION_5,
        choices=((VERSION_5, "5"), (VERSION_311, "3.1.1")),
    ),
    Field(
        "template",
        "Devices",
        "Adds topics, mappings and availability of these devices where you give none.",
        choices=CHOICES,
        is_required=False,
    ),
    Field(
        "filters",
        "Topic filters",
        "One a line, with + for a level and # for all further ones; for discovery. Topics of mappings are"
        " subscribed anyway.",
        is_required=False,
        lines=True,
    ),
    Field(
        "availability_topic",
        "Availability topic",
        "Where the devices, or their last will, say whether they are online, as tele/{device}/LWT. While"
        " offline, values have bad quality. Needed for values that are sent on change only.",
        is_required=False,
    ),
    Field(
        "availability_online",
        "Payloads when online",
        f"Separated by commas. Empty: {ONLINE}.",
        is_required=False,
    ),
    Field(
        "availability_offline",
        "Payloads when offline",
        f"Separated by commas. Empty: {OFFLINE}.",
        is_required=False,
    ),
    Field(
        "client_id",
        "Client id",
        "Must be unique at the broker. Empty: made by Fermon. A new one loses the messages that wait.",
        is_required=False,
        is_trust=True,
    ),
)
OPTIONS = (
    Field(
        "texts",
        "Texts as numbers",
        "For states, as in on=1, off=0, true=1, false=0.",
        is_required=False,
    ),
)


def check(values: Mapping[str, str]) -> dict[str, str]:
    """Return the error of each invalid field."""
    problems = {
        "host": host_error(values.get("host", "")),
        "port": _port_problem(values.get("port", "")),
        "filters": _filters_problem(lines_of(values.get("filters", ""))),
        "client_id": _client_id_problem(values.get("client_id", "")),
        **_availability_problems(values),
        **_login_problems(values),
    }
    return {name: problem for name, problem in problems.items() if problem}


def check_mapping(values: Mapping[str, object]) -> dict[str, str]:
    """Return the errors of a mapping's address and options."""
    options = values.get("options")
    texts = options.get("texts", "") if isinstance(options, Mapping) else ""
    topic, pointer = split_pointer(str(values.get("address", "")))
    checks: dict[str, Callable[[], object]] = {
        "address": lambda: (parse_pattern(topic), parse_pointer(pointer), _metric_rule(values)),
        "options": lambda: parse_texts(str(texts)),
    }
    problems = {}
    for name, run in checks.items():
        try:
            run()
        except ValueError as error:
            problems[name] = str(error)
    return problems


def unused_at(address: str) -> frozenset[str]:
    """Return the columns of a mapping that mean nothing at an address: Sparkplug has times of its own."""
    return TIMES if is_sparkplug(address) else frozenset()


def _metric_rule(values: Mapping[str, object]) -> object:
    """Return the parsed rule of a Sparkplug address; None for other addresses.

    Raises:
        ValueError: the address names no metric, or has two parts of one name.
    """
    address, pointer = str(values.get("address", "")), str(values.get("value_pointer", ""))
    return parse_rule(MappingRule(address, "tag", pointer)) if is_sparkplug(address) else None


def _port_problem(port: str) -> str:
    is_port = not port or (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65_536)
    return "" if is_port else "Expected a port from 1 to 65535."


def _filters_problem(filters: list[str]) -> str:
    if len(filters) > MOST_FILTERS:
        return f"At most {MOST_FILTERS} filters: use + and #."
    for each in filters:
        if each.startswith("$share/"):
            return f"{each}: a shared subscription would give part of the messages to other clients."
        if problem := address_problem(each):
            return f"{each}: {problem}"
        if "{" in each:
            return f"{each}: a filter has no parts in braces; use +."
    for first, second in combinations(filters, 2):
        is_nested = filter_covers(first, second) or filter_covers(second, first)
        if not is_nested and filters_meet(first, second):
            return f"{first} and {second} overlap: some brokers would send such messages twice."
    return ""


def _client_id_problem(client_id: str) -> str:
    if not client_id or CLIENT_ID.fullmatch(client_id):
        return ""
    return f"Expected at most {LONGEST_CLIENT_ID} letters, digits and signs, without spaces."


def _availability_problems(values: Mapping[str, str]) -> dict[str, str]:
    topic = values.get("availability_topic", "")
    both = words_of(values, "availability_online", ONLINE) & words_of(values, "availability_offline", OFFLINE)
    return {
        "availability_topic": address_problem(topic) if topic else "",
        "availability_offline": f"{min(both)} means online, too." if both else "",
    }


def _login_problems(values: Mapping[str, str]) -> dict[str, str]:
    """Return the errors of TLS and password. Secrets may be placeholders for stored ones."""
    is_tls = values.get("tls") == "on"
    certificates = [name for name in ("ca", "certificate", "key") if values.get(name)]
    if certificates and not is_tls:
        return dict.fromkeys(certificates, "Certificates need TLS: switch TLS on.")
    if values.get("password") and not is_tls and values.get("allow_plain_password") != YES:
        return {"password": LOGIN_NEEDS_TLS}
    if values.get("password") and not values.get("user"):
        return {"user": "A password needs a user."}
    if bool(values.get("certificate")) != bool(values.get("key")):
        return {"certificate": "A client certificate and its key go together."}
    return {
        "ca": _pem_problem(values.get("ca", "")),
        "certificate": _pem_problem(values.get("certificate", "")),
    }


def _pem_problem(text: str) -> str:
    """Return the error of certificates that are PEM text or the path of a file."""
    if not text or text.startswith("/"):
        return ""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        is_pem = text.startswith(PEM)
        return (
            "The PEM text is damaged."
            if is_pem
            else f"Expected text from '{PEM}...' on, or a path from '/' on."
        )
    return ""


KIND = SourceKind(
    name="mqtt",
    label="MQTT",
    package="monitoring.sources.mqtt",
    fields=FIELDS,
    check=check,
    check_mapping=check_mapping,
    options=OPTIONS,
    libraries={"paho.mqtt.client": "paho-mqtt==2.2.0"},
    address_label="Topic",
    address_help="A topic, or a pattern with parts in braces for the tag's name, as"
    " pioreactor/{unit}/{experiment}/{job}/{name} with the tag {unit}.{name}.",
    can_listen=True,
    unused_at=unused_at,
    has_patterns=True,
)
