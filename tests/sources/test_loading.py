"""The configuration of a source as its driver gets it."""

from pathlib import Path

import pytest

from monitoring.kernel.clock import from_micros
from monitoring.models import Source
from monitoring.sources.config import MappingRule
from monitoring.sources.loading import load_config
from monitoring.sources.secrets import seal
from monitoring.sources.session import SourceError

pytestmark = pytest.mark.django_db
NOW = from_micros(1_700_000_000_000_000)


@pytest.fixture
def source(settings, tmp_path: Path) -> Source:
    settings.FERMON_DATA_DIR = tmp_path
    return Source.objects.create(
        name="broker",
        protocol="mqtt",
        settings={"host": "broker.plant", "port": "1883"},
        secrets={"password": seal("very secret")},
        changed_at=NOW,
    )


def test_fields_secrets_rules_and_ignored_points_are_loaded(source: Source) -> None:
    source.mappings.create(
        address="a/b", tag="fermenter_temp", factor=0.1, offset=-1.0, options={"unit": "K"}
    )
    source.points.create(address="a/c", state="ignored", first_seen=NOW, last_seen=NOW)
    config = load_config(source)
    assert config.fields == {"host": "broker.plant", "port": "1883", "password": "very secret"}
    assert config.secrets == {"very secret"}
    assert config.ignored == {"a/c"}
    assert "fermenter_temp" in config.tags
    (rule,) = config.rules
    assert rule == MappingRule("a/b", "fermenter_temp", factor=0.1, offset=-1.0, options={"unit": "K"})
    assert rule.scaled(380.0) == 37.0


def test_a_secret_that_cannot_be_had_is_an_error_of_the_source(source: Source) -> None:
    source.secrets = {"password": "env:NOT_SET_ANYWHERE"}
    with pytest.raises(SourceError, match="NOT_SET_ANYWHERE"):
        load_config(source)
