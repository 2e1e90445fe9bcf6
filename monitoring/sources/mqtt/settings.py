"""The settings of an MQTT source, from the fields of its form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from monitoring.sources.config import SourceConfig
from monitoring.sources.mqtt import sparkplug
from monitoring.sources.mqtt.payloads import LARGEST_BYTES
from monitoring.sources.mqtt.templates import with_template
from monitoring.sources.patterns import Pattern, parse_pattern
from monitoring.sources.session import SourceError

VERSION_5, VERSION_311 = "5", "3.1.1"
PORT, TLS_PORT = 1883, 8883
ONLINE, OFFLINE = "online", "offline"
YES = "yes"
DIGITS_OF_ID = 8


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Address, login and subscriptions of a source. ``ca``, ``certificate`` and ``key`` are PEM or paths."""

    host: str
    port: int
    is_tls: bool
    ca: str
    certificate: str
    key: str
    trusted_certificate: str
    user: str
    password: str
    is_v5: bool
    client_id: str
    filters: tuple[str, ...]
    availability: Pattern | None
    online: frozenset[str]
    offline: frozenset[str]
    is_sparkplug: bool = False

    @property
    def largest_bytes(self) -> int:
        """Return the size of the largest payload that is read."""
        return sparkplug.LARGEST_BYTES if self.is_sparkplug else LARGEST_BYTES


def settings_of(config: SourceConfig) -> BrokerSettings:
    """Return the settings of a source, with those of its template.

    Raises:
        SourceError: a field has no usable value.
    """
    fields = with_template(config.fields)
    is_tls = fields.get("tls") == "on"
    password = fields.get("password", "")
    if password and not is_tls and fields.get("allow_plain_password") != YES:
        raise SourceError(LOGIN_NEEDS_TLS)
    topic = fields.get("availability_topic", "")
    try:
        return BrokerSettings(
            host=fields["host"],
            port=int(fields.get("port") or (TLS_PORT if is_tls else PORT)),
            is_tls=is_tls,
            ca=fields.get("ca", ""),
            certificate=fields.get("certificate", ""),
            key=fields.get("key", ""),
            trusted_certificate=config.trusted_certificate,
            user=fields.get("user", ""),
            password=password,
            is_v5=fields.get("version", VERSION_5) != VERSION_311,
            client_id=fields.get("client_id") or default_client_id(config.id),
            filters=tuple(lines_of(fields.get("filters", ""))),
            availability=parse_pattern(topic) if topic else None,
            online=words_of(fields, "availability_online", ONLINE),
            offline=words_of(fields, "availability_offline", OFFLINE),
            is_sparkplug=fields.get("template") == sparkplug.TEMPLATE,
        )
    except (KeyError, ValueError) as error:
        raise SourceError(f"The settings of the source are incomplete: {error}.") from error


LOGIN_NEEDS_TLS = (
    "Without TLS the password travels in plain text. Switch TLS on, or allow it under 'Password without TLS'."
)


def default_client_id(source_id: int) -> str:
    """Return the client id of a source: the same in all collectors of an installation, and in no other."""
    digest = salted_hmac("monitoring.sources.mqtt", str(source_id)).hexdigest()
    return f"fermon-{source_id}-{digest[:DIGITS_OF_ID]}"


def lines_of(text: str) -> list[str]:
    """Return the lines of a field without those that are empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def words_of(fields: Mapping[str, str], name: str, default: str) -> frozenset[str]:
    """Return the words of a field, separated by commas, in lower case."""
    words = re.split(r"[,\n]", fields.get(name) or default)
    return frozenset(word.strip().lower() for word in words if word.strip())
