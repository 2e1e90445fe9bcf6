"""Puts people, channels and links into the database as people and the notifier do."""

from typing import Any

from monitoring.models import AlarmDefinition, AlarmState, Channel, Person
from monitoring.notifications.links import Acknowledging, acknowledge_token


def make_channel(name: str = "Anna: e-mail", person: str = "Anna", **fields: Any) -> Channel:
    """A channel of a person, both made if missing; of nobody for an empty name."""
    owner = Person.objects.get_or_create(name=person)[0] if person else None
    address = {"kind": "email", "settings": {"to": "anna@plant.example"}}
    channel: Channel = Channel.objects.create(name=name, person=owner, **{**address, **fields})
    return channel


def link_path(definition: AlarmDefinition, channel: Channel) -> str:
    """The path of the link that acknowledges the alarm's newest occurrence."""
    occurrence = AlarmState.objects.get(pk=definition.pk).occurrence_id
    assert occurrence
    return f"/acknowledge/{acknowledge_token(Acknowledging(occurrence, channel.person_id, channel.pk))}"
