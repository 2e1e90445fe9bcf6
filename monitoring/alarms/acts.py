"""Acts of people on alarms: acknowledge, reset, comment, rate. Each act is a line of the journal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring.alarms.state_machine import Act, NotAllowedError
from monitoring.alarms.writing import Alarm, AlarmWriter, alarm_transaction, load_alarms
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import iso_utc
from monitoring.models import AlarmDefinition, AlarmOccurrence

MOST_AT_ONCE = 50
RATINGS = ("nuisance", "real", "")


class UnknownAlarmError(LookupError):
    """No alarm, or no occurrence of the alarm, has this id; ``field`` names the id in the request."""

    def __init__(self, message: str, field: str = "id") -> None:
        super().__init__(message)
        self.field = field


class AlarmInputError(ValueError):
    """An invalid field of an act; the message has the remedy."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class NotPermittedError(Exception):
    """The act needs another role; the message names the role."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The outcome for one alarm of several: ``error`` is empty if the alarm is acknowledged."""

    alarm: int
    error: str = ""


@contextmanager
def writing_alarms(*pks: int) -> Iterator[tuple[dict[int, Alarm], AlarmWriter]]:
    """Lock and load the alarms with these ids, and write the acts at the end."""
    with alarm_transaction():
        definitions = AlarmDefinition.objects.select_related("tag", "vessel").filter(pk__in=pks)
        writer = AlarmWriter(datetime.now(UTC))
        yield load_alarms(list(definitions)), writer
        writer.save()


@contextmanager
def writing_alarm(pk: int) -> Iterator[tuple[Alarm, AlarmWriter]]:
    """Lock and load one alarm, and write the acts at the end.

    Raises:
        UnknownAlarmError: no alarm has this id.
    """
    with writing_alarms(pk) as (alarms, writer):
        if pk not in alarms:
            raise unknown_alarm(pk)
        yield alarms[pk], writer


def unknown_alarm(pk: int) -> UnknownAlarmError:
    """Return the error for an id without an alarm."""
    return UnknownAlarmError(f"there is no alarm {pk}; GET /alarms?state=all lists them")


def acknowledge(pk: int, *, occurrence: int, actor: Actor, comment: str = "", rating: str = "") -> None:
    """Acknowledge the occurrence that was seen, and older open ones. Nothing changes if that was done before.

    A rating, one of ``RATINGS``, is recorded with the acknowledgement; empty leaves the rating as it is.

    Raises:
        UnknownAlarmError: no such alarm or occurrence exists.
        NotAllowedError: the alarm came again since, or there is nothing to acknowledge.
        AlarmInputError: the rating is none of ``RATINGS``.
    """
    with writing_alarm(pk) as (alarm, writer):
        acknowledge_seen(alarm, writer, occurrence=occurrence, actor=actor, comment=comment)
        if rating and alarm.state.occurrence is not None:
            record_rating(alarm, writer, alarm.state.occurrence, rating, actor=actor)


def acknowledge_many(
    seen: Sequence[tuple[int, int]], *, actor: Actor, comment: str = ""
) -> list[Acknowledged]:
    """Acknowledge alarms, each given as (alarm, occurrence that was seen); return the outcomes in order.

    An alarm that cannot be acknowledged does not keep the others from it.
    """
    with writing_alarms(*(pk for pk, _ in seen)) as (alarms, writer):
        outcomes = []
        for pk, occurrence in seen:
            try:
                if pk not in alarms:
                    raise unknown_alarm(pk)
                acknowledge_seen(alarms[pk], writer, occurrence=occurrence, actor=actor, comment=comment)
            except (UnknownAlarmError, NotAllowedError) as error:
                outcomes.append(Acknowledged(pk, str(error)))
            else:
                outcomes.append(Acknowledged(pk))
    return outcomes


def acknowledge_seen(
    alarm: Alarm, writer: AlarmWriter, *, occurrence: int, actor: Actor, comment: str
) -> None:
    """Acknowledge the alarm if the occurrence that was seen is the newest.

    Raises:
        UnknownAlarmError: the alarm has no such occurrence.
        NotAllowedError: the alarm came again since, or there is nothing to acknowledge.
    """
    newest = alarm.state.occurrence
    if newest is None or newest.pk != occurrence:
        find_occurrence(alarm, occurrence)
        if newest is not None:
            raise NotAllowedError(
                f"The alarm came again at {iso_utc(newest.active_at)}: look at it, then acknowledge"
                f" occurrence {newest.pk}."
            )
    done = writer.act(alarm, Act.ACKNOWLEDGE, actor, comment=comment)
    if not done.is_recorded and comment:
        writer.record(alarm, "comment", actor, comment=comment)


def find_occurrence(alarm: Alarm, pk: int) -> AlarmOccurrence:
    """Return the occurrence of the alarm with this id.

    Raises:
        UnknownAlarmError: the alarm has no such occurrence.
    """
    found = AlarmOccurrence.objects.filter(definition=alarm.definition, pk=pk).first()
    if found is None:
        raise UnknownAlarmError(
            f"alarm {alarm.definition.pk} has no occurrence {pk}; GET /alarms/{alarm.definition.pk} lists"
            " the last ones",
            "occurrence",
        )
    return found


def reset(pk: int, *, actor: Actor, comment: str = "") -> None:
    """Reset a latched alarm whose condition has ended.

    Raises:
        UnknownAlarmError: no alarm has this id.
        NotAllowedError: there is nothing to reset, or the alarm is not acknowledged yet.
    """
    with writing_alarm(pk) as (alarm, writer):
        writer.act(alarm, Act.RESET, actor, comment=comment)


def add_comment(pk: int, *, comment: str, actor: Actor) -> None:
    """Add a comment to the journal of an alarm, whatever the state.

    Raises:
        UnknownAlarmError: no alarm has this id.
    """
    with writing_alarm(pk) as (alarm, writer):
        writer.record(alarm, "comment", actor, comment=comment)


def rate(pk: int, *, occurrence: int, rating: str, actor: Actor, comment: str = "") -> None:
    """Record whether an occurrence was a nuisance or real; an empty rating takes the rating back.

    Raises:
        UnknownAlarmError: no such alarm or occurrence exists.
        AlarmInputError: the rating is none of ``RATINGS``.
    """
    with writing_alarm(pk) as (alarm, writer):
        record_rating(alarm, writer, find_occurrence(alarm, occurrence), rating, actor=actor, comment=comment)


def record_rating(
    alarm: Alarm,
    writer: AlarmWriter,
    rated: AlarmOccurrence,
    rating: str,
    *,
    actor: Actor,
    comment: str = "",
) -> None:
    """Record the rating of an occurrence.

    Raises:
        AlarmInputError: the rating is none of ``RATINGS``.
    """
    if rating not in RATINGS:
        raise AlarmInputError("expected 'nuisance', 'real' or an empty text", "rating")
    changes = {"rating": [rated.rating, rating]}
    rated.rating = rating
    writer.note_occurrence(rated)
    writer.record(alarm, "rate", actor, comment=comment, changes=changes, occurrence=rated)
