"""A protocol of the tests, with a field of each sort."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitoring.models import Source, Tag
from monitoring.sources.kind import Field, SourceKind


def check(fields: Mapping[str, str]) -> dict[str, str]:
    return {"host": "This is no host."} if fields.get("host") == "bad" else {}


def check_mapping(row: Mapping[str, object]) -> dict[str, str]:
    return {"address": "This is no address."} if row["address"] == "bad" else {}


FAKE = SourceKind(
    name="fake",
    label="Fake protocol",
    package="fake",
    fields=(
        Field("host", "Host", is_trust=True),
        Field("mode", "Mode", default="plain", choices=(("plain", "Plain"), ("tls", "TLS")), is_trust=True),
        Field("pause", "Pause", "Seconds between requests.", default="1", is_required=False),
        Field("user", "User", is_required=False, is_trust=True),
        Field("password", "Password", is_secret=True, is_required=False, is_trust=True),
        Field("key", "Private key", is_secret=True, is_required=False, is_trust=True, lines=True),
    ),
    check=check,
    check_mapping=check_mapping,
    options=(Field("type", "Type", choices=(("int", "int"), ("float", "float")), is_required=False),),
    address_label="Topic",
    can_listen=True,
    has_patterns=True,
)
PUSHED = SourceKind("pushed", "Pushed", "pushed", (), lambda fields: {}, lambda row: {}, is_collected=False)
LACKING = SourceKind(
    *("lacking", "Lacking", "lacking", (), lambda fields: {}, lambda row: {}),
    libraries={"no_such_module.client": "no-such-module==1.2.3"},
)
TYPED = "s3cret-of-the-plant"


def make_source(name: str = "broker", **columns: Any) -> Source:
    """A stored source of the fake protocol."""
    standard = {"protocol": "fake", "settings": {"host": "broker.plant", "mode": "plain"}}
    return Source.objects.create(name=name, changed_at=datetime.now(UTC), **standard | columns)


def make_tag(name: str) -> Tag:
    """A stored tag."""
    tag: Tag = Tag.objects.create(name=name, valid_min=0, valid_max=100)
    return tag
