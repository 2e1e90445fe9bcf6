"""Load the configuration of sources, with secrets revealed, for their drivers."""

from monitoring.kernel.secret_references import SecretError
from monitoring.models import PointState, Source, SourceMapping, Tag
from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.secrets import reveal
from monitoring.sources.session import SourceError


def load_config(source: Source) -> SourceConfig:
    """Return the configuration of a source.

    Raises:
        SourceError: a secret can't be had.
        django.db.Error: the database is away.
    """
    try:
        secrets = {name: reveal(str(text)) for name, text in source.secrets.items() if text}
    except SecretError as error:
        raise SourceError(str(error)) from error
    return SourceConfig(
        id=source.pk,
        name=source.name,
        protocol=source.protocol,
        fields={name: str(value) for name, value in source.settings.items()} | secrets,
        rules=[rule_of(mapping) for mapping in source.mappings.all()],
        uses_receive_time=source.uses_receive_time,
        trusted_certificate=source.trusted_certificate,
        revision=source.revision,
        secrets=frozenset(secrets.values()),
        ignored=frozenset(source.points.filter(state=PointState.IGNORED).values_list("address", flat=True)),
        tags=frozenset(Tag.objects.values_list("name", flat=True)),
    )


def rule_of(mapping: SourceMapping) -> MappingRule:
    """Return a stored mapping as a rule."""
    return MappingRule(
        address=mapping.address,
        tag=mapping.tag,
        value_pointer=mapping.value_pointer,
        time_pointer=mapping.time_pointer,
        time_format=mapping.time_format,
        zone=mapping.zone,
        factor=mapping.factor,
        offset=mapping.offset,
        options=mapping.options,
    )
