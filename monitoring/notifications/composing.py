"""Subject and texts of a message about one alarm or many. Knows no database.

No alarm is left out: the text has a line for each, an ended one as "12:03-12:41, over".
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from monitoring.alarms.kinds import RANK, Priority
from monitoring.alarms.wording import title_of
from monitoring.kernel.number_format import Words
from monitoring.notifications.message import AlarmLine, Message

SHORT = 300  # characters
DETAILED = 20  # up to so many alarms the text has the action and the link of each
REPEAT = "May be a repeat: "
REPEAT_TEXT = "This message may be a repeat: whether it arrived before is not known."


@dataclass(frozen=True, slots=True)
class Subject:
    """An alarm as a message tells of it. ``kind`` is the delivery's kind, ``condition_kind`` the alarm's.

    ``condition`` is in words, such as "above 45 °C"; ``ended_at`` is None while the condition lasts.
    """

    kind: str
    occurrence: int
    priority: str
    tag: str
    group: str
    condition_kind: str
    condition: str
    value: float | None
    unit: str
    since: datetime
    ended_at: datetime | None
    action: str = ""
    is_first_out: bool = False
    url: str = ""
    acknowledge_url: str = ""
    batch_url: str = ""

    @property
    def name(self) -> str:
        """Return the tag, the group (of a vessel its title), or "Fermon" for an alarm of the system."""
        return self.tag or self.group or "Fermon"

    @property
    def is_over(self) -> bool:
        """Return whether the condition has ended."""
        return self.ended_at is not None

    @property
    def headline(self) -> str:
        """Return the alarm in a few words: "fermenter_temp: High, above 45 °C"."""
        title = f"{self.name}: {title_of(self.condition_kind)}"
        return f"{title}, {self.condition}" if self.condition else title


@dataclass(frozen=True, slots=True)
class Framing:
    """The circumstances of a message: id, the reader's zone, and whether an earlier attempt may have arrived.

    ``in_flood`` is the number of alarms of the flood that lasts; 0: none.
    """

    message_id: str
    zone: ZoneInfo
    now: datetime
    is_repeat: bool = False
    in_flood: int = 0
    url: str = ""


def compose(subjects: Sequence[Subject], framing: Framing) -> Message:
    """Return the message about alarms, urgent and lasting ones first. At least one alarm is needed."""
    ordered = sorted(subjects, key=urgency)
    subject = subject_of(ordered, framing)
    return Message(
        message_id=framing.message_id,
        subject=subject,
        text=text_of(ordered, framing),
        short_text=short_text_of(ordered, framing, subject),
        priority=min(ordered, key=lambda each: RANK[Priority(each.priority)]).priority,
        lines=tuple(line_of(each, framing) for each in ordered),
        is_repeat=framing.is_repeat,
        url=framing.url,
    )


def compose_test(channel: str, verify_url: str, framing: Framing) -> Message:
    """Return the message of a test, with the link that confirms the channel."""
    at = f"{framing.now.astimezone(framing.zone):%Y-%m-%d %H:%M %Z}"
    parts = [
        *([REPEAT_TEXT] if framing.is_repeat else []),
        f"This is a test of the channel {channel}, asked for at {at}. No alarm is active because of it.",
        f"Confirm that it arrived: {verify_url}" if verify_url else "",
    ]
    text = "\n\n".join(filter(None, parts)) + "\n"
    subject = f"Test of the channel {channel}"
    line = AlarmLine("test", Priority.LOW, "", "", "TEST", subject, since=framing.now, url=verify_url)
    short = shortened(f"{subject}. Confirm: {verify_url}" if verify_url else f"{subject}.")
    return Message(
        message_id=framing.message_id,
        subject=f"{REPEAT}{subject}" if framing.is_repeat else subject,
        text=text,
        short_text=short,
        priority=Priority.LOW,
        lines=(line,),
        is_repeat=framing.is_repeat,
        url=framing.url,
    )


def urgency(subject: Subject) -> tuple[bool, int, bool, datetime]:
    """Return the sort key: lasting before ended, urgent first, first-out first, oldest first."""
    return subject.is_over, RANK[Priority(subject.priority)], not subject.is_first_out, subject.since


def subject_of(ordered: Sequence[Subject], framing: Framing) -> str:
    """Return the subject line."""
    first = ordered[0]
    if len(ordered) == 1:
        mark = "over" if first.is_over else first.priority
        subject = f"[{mark}] {first.headline}"
    else:
        lasting = sum(not each.is_over for each in ordered)
        over = len(ordered) - lasting
        numbers = [counted(lasting, "alarm"), f"{over} over" if over else ""]
        subject = f"[{first.priority}] {', '.join(filter(None, numbers))}: {leading(ordered).headline}"
        subject += " and others"
    return f"{REPEAT}{subject}" if framing.is_repeat else subject


def leading(ordered: Sequence[Subject]) -> Subject:
    """Return the alarm to name: the first-out of a flood, else the first."""
    return next((each for each in ordered if each.is_first_out), ordered[0])


def counted(number: int, noun: str) -> str:
    """Return "1 alarm", "3 alarms"; empty for none."""
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""


def text_of(ordered: Sequence[Subject], framing: Framing) -> str:
    """Return the whole text, a line for each alarm."""
    parts = [REPEAT_TEXT] if framing.is_repeat else []
    if framing.in_flood:
        first = leading(ordered)
        cause = f" First out: {first.headline}." if first.is_first_out else ""
        parts.append(f"Flood: {framing.in_flood} alarms within 10 minutes, so they come together.{cause}")
    if len(ordered) > 1:
        parts.append(summary_of(ordered))
    is_detailed = len(ordered) <= DETAILED
    parts.append("\n".join(entry_of(each, framing, is_detailed=is_detailed) for each in ordered))
    if framing.url:
        parts.append(f"All alarms: {framing.url}")
    return "\n\n".join(parts) + "\n"


def summary_of(ordered: Sequence[Subject]) -> str:
    """Return the counts by priority: "5 alarms: 1 critical, 2 high, 1 low, 1 over"."""
    lasting = Counter(each.priority for each in ordered if not each.is_over)
    counts = [f"{lasting[priority]} {priority}" for priority in map(str, RANK) if lasting[priority]]
    over = sum(each.is_over for each in ordered)
    counts += [f"{over} over"] if over else []
    return f"{counted(len(ordered), 'alarm')}: {', '.join(counts)}"


def entry_of(subject: Subject, framing: Framing, *, is_detailed: bool) -> str:
    """Return the lines of one alarm; with action and link if the message has few alarms."""
    lines = [sentence_of(subject, framing)]
    if is_detailed and not subject.is_over:
        lines += [f"  What to do: {subject.action}"] if subject.action else []
        lines += [f"  Acknowledge: {subject.acknowledge_url}"] if subject.acknowledge_url else []
        lines += [f"  Batch: {subject.batch_url}"] if subject.batch_url else []
    if is_detailed and subject.url:
        lines.append(f"  {subject.url}")
    return "\n".join(lines)


def sentence_of(subject: Subject, framing: Framing) -> str:
    """Return one line: priority, headline, value and times."""
    value = "" if subject.value is None else f", {Words('', subject.unit).amount(subject.value)}"
    times = times_of(subject, framing)
    notes = {"again": " (again)", "escalated": " (not acknowledged yet)", "late": " (noticed late)"}
    note = notes.get(subject.kind, "") if not subject.is_over or subject.kind == "late" else ""
    first = " (first out)" if subject.is_first_out else ""
    return f"{subject.priority}: {subject.headline}{value}, {times}{note}{first}"


def times_of(subject: Subject, framing: Framing) -> str:
    """Return "since 12:03", or "12:03-12:41, over"; with the day if that is another one than today."""
    since = shown_time(subject.since, framing)
    if subject.ended_at is None:
        return f"since {since}"
    return f"{since}-{shown_time(subject.ended_at, framing)}, over"


def shown_time(moment: datetime, framing: Framing) -> str:
    """Return a time by the reader's clock."""
    local, today = moment.astimezone(framing.zone), framing.now.astimezone(framing.zone).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def line_of(subject: Subject, framing: Framing) -> AlarmLine:
    """Return the alarm for senders that build messages of their own."""
    ended_at = subject.ended_at
    return AlarmLine(
        kind="over" if subject.is_over and subject.kind != "late" else subject.kind,
        priority=subject.priority,
        tag=subject.tag,
        group=subject.group,
        condition=subject.condition_kind,
        text=sentence_of(subject, framing),
        since=subject.since.astimezone(UTC),
        until=ended_at.astimezone(UTC) if ended_at else None,
        action=subject.action,
        url=subject.url,
        acknowledge_url="" if subject.is_over else subject.acknowledge_url,
        occurrence=subject.occurrence,
    )


def short_text_of(ordered: Sequence[Subject], framing: Framing, subject: str) -> str:
    """Return at most SHORT characters: one alarm with its link, or the subject with the address of all."""
    if len(ordered) > 1:
        return with_link(subject, framing.url)
    sentence = sentence_of(ordered[0], framing)
    text = f"{REPEAT}{sentence}" if framing.is_repeat else sentence
    return with_link(text, "" if ordered[0].is_over else ordered[0].acknowledge_url or framing.url)


def with_link(text: str, link: str) -> str:
    """Return text and link in at most SHORT characters; a link that is too long is left out."""
    if link and len(link) < SHORT // 2:
        return f"{shortened(text, SHORT - len(link) - 1)} {link}"
    return shortened(text)


def shortened(text: str, most: int = SHORT) -> str:
    """Return the text in at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
