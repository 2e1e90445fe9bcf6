"""Acknowledge an alarm by the link in a message: the link is the right, and gives no other."""

from dataclasses import dataclass

from django.core.signing import BadSignature, SignatureExpired

from monitoring.alarms import acts
from monitoring.alarms.reading import PresentAlarm, find_alarm
from monitoring.alarms.state_machine import State
from monitoring.kernel.actor import Actor
from monitoring.models import AlarmOccurrence, Channel, Person
from monitoring.notifications.links import Acknowledging, read_acknowledge_token

VIA = "link"
WAITING = (State.UNACKNOWLEDGED, State.RETURNED, State.LATCHED_UNACKNOWLEDGED)
UNKNOWN = "This link is not complete, or was not made by this Fermon. Open it from the message itself."
EXPIRED = "This link is older than 24 hours and no longer works."
WITHDRAWN = "This link no longer works: the person or the channel it was sent to is switched off."
GONE = "The alarm of this link is no longer stored."


class LinkError(Exception):
    """A link that cannot be used; the message says why. ``is_expired``: it could be once."""

    def __init__(self, message: str, *, is_expired: bool = False) -> None:
        super().__init__(message)
        self.is_expired = is_expired


@dataclass(frozen=True, slots=True)
class LinkedAlarm:
    """The occurrence of a link, the alarm as it is now, and the name of its receiver."""

    occurrence: AlarmOccurrence
    alarm: PresentAlarm
    person: str

    @property
    def is_newest(self) -> bool:
        """Return whether the alarm has not come again since the message."""
        return self.alarm.occurrence == self.occurrence.pk

    @property
    def waits(self) -> bool:
        """Return whether the occurrence can still be acknowledged."""
        return self.is_newest and self.alarm.state in WAITING


def read_link(token: str) -> LinkedAlarm:
    """Return the alarm that a link is about.

    Raises:
        LinkError: the link is not genuine, too old or withdrawn, or the alarm is no longer stored.
    """
    try:
        content = read_acknowledge_token(token)
    except SignatureExpired as error:
        raise LinkError(EXPIRED, is_expired=True) from error
    except (BadSignature, ValueError) as error:
        raise LinkError(UNKNOWN) from error
    person = receiver(content)
    occurrence = (
        AlarmOccurrence.objects.select_related("definition__tag").filter(pk=content.occurrence).first()
    )
    alarm = find_alarm(occurrence.definition_id) if occurrence else None
    if occurrence is None or alarm is None:
        raise LinkError(GONE, is_expired=True)
    return LinkedAlarm(occurrence, alarm, person)


def receiver(content: Acknowledging) -> str:
    """Return the name of the person of a link; the channel's name for a channel without a person.

    Raises:
        LinkError: the person or the channel is switched off or deleted.
    """
    channel = Channel.objects.filter(pk=content.channel, is_enabled=True).first()
    if channel is None:
        raise LinkError(WITHDRAWN, is_expired=True)
    if content.person is None:
        return channel.name
    person = Person.objects.filter(pk=content.person, is_enabled=True).first()
    if person is None:
        raise LinkError(WITHDRAWN, is_expired=True)
    return person.name


def acknowledge_by_link(linked: LinkedAlarm, *, comment: str, address: str) -> None:
    """Acknowledge the occurrence of the link in the name of the receiver.

    Raises:
        NotAllowedError: the alarm came again since, or there is nothing to acknowledge.
    """
    actor = Actor(linked.person, VIA, address)
    acts.acknowledge(linked.alarm.id, occurrence=linked.occurrence.pk, actor=actor, comment=comment)


def comment_by_link(linked: LinkedAlarm, *, comment: str, address: str) -> None:
    """Add a comment to the journal of the alarm in the name of the receiver."""
    acts.add_comment(linked.alarm.id, comment=comment, actor=Actor(linked.person, VIA, address))
