"""Sentences about parameters of the address that the page cannot follow; none is ignored in silence."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Protocol

from monitoring.dashboard.view_state import DEFAULT_PRESET, FORMER_WINDOWS, LONGEST, PRESETS, row_id
from monitoring.history.saved_views import MOST_CHARTS, MOST_COMPARED, SHOWS
from monitoring.kernel.clock import parse_bound
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import SavedView

PARAMETERS = (
    *("tag", "group", "charts", "show", "view", "compare", "range", "from", "to"),
    *("anomaly", "event", "search", "page", "kiosk", "window"),
)
MOST_NOTES = 6
LONGEST_SHOWN = 60


class AddressedPage(Protocol):
    """The part of the page that decides about parameters."""

    @property
    def now(self) -> datetime: ...
    @property
    def tags(self) -> Mapping[str, TagDefinition]: ...
    @property
    def headings(self) -> Mapping[str, str]: ...
    @property
    def saved(self) -> SavedView | None: ...


def address_notes(query: Mapping[str, str], page: AddressedPage) -> list[str]:
    """Return a sentence for each parameter that is unknown or cannot be followed, at most MOST_NOTES."""
    notes = [unknown_name(name) for name in query if name not in PARAMETERS]
    given = {name: text for name, text in query.items() if text and name in PARAMETERS}
    notes += [*view_notes(given, page), *word_notes(given)]
    notes += [note for name in ("compare", "charts") for note in list_notes(name, given.get(name, ""), page)]
    notes += range_notes(given, page.now)
    notes += [
        f"{name}={shown(given[name])} is not the number of {what}: none is pointed out."
        for name, what in (("anomaly", "an anomaly"), ("event", "an event"))
        if name in given and row_id(given[name]) is None
    ]
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES - 1 :] = [f"{len(notes) - MOST_NOTES + 1} more parameters are ignored."]
    return notes


def unknown_name(name: str) -> str:
    """Return the sentence about a parameter that does not exist, with the likely intention."""
    near = get_close_matches(name.lower(), PARAMETERS, n=1)
    meant = f" Is “{near[0]}” meant?" if near else ""
    return f"The address has “{shown(name)}”, which this page does not know: it is ignored.{meant}"


def view_notes(given: Mapping[str, str], page: AddressedPage) -> list[str]:
    """Return the sentences about saved view, tag and group."""
    notes = []
    tag, group = given.get("tag", ""), given.get("group", "")
    if "view" in given and page.saved is None:
        notes.append(f"There is no saved view “{shown(given['view'])}”: it was deleted, or never saved.")
    if tag and tag not in page.headings:
        state = "is not in use" if tag in page.tags else "does not exist"
        notes.append(f"The tag “{shown(tag)}” {state}: all tags are shown.")
    if group and group not in page.headings.values():
        notes.append(f"No tag in use has the group “{shown(group)}”: all groups are shown.")
    elif group and tag in page.headings and page.headings[tag] != group:
        notes.append(f"The tag “{shown(tag)}” is not in the group “{shown(group)}”: the group is ignored.")
    return notes


def word_notes(given: Mapping[str, str]) -> list[str]:
    """Return the sentences about parameters that take one of a few words or a number."""
    preset, window = given.get("range", ""), given.get("window", "")
    notes = []
    if preset and preset not in PRESETS:
        notes.append(f"range={shown(preset)} is not one of {', '.join(PRESETS)}: {label_of(DEFAULT_PRESET)}.")
    elif window and window not in FORMER_WINDOWS:
        notes.append(f"window={shown(window)} is not known: {label_of(DEFAULT_PRESET)}.")
    if given.get("show", SHOWS[0]) not in SHOWS:
        notes.append(f"show={shown(given['show'])} is not one of {', '.join(SHOWS)}: it is ignored.")
    if not given.get("page", "1").isdecimal():
        notes.append(f"page={shown(given['page'])} is not a number: the first page is shown.")
    return notes


def label_of(preset: str) -> str:
    """Return that the last time of this length is shown instead."""
    return f"the last {PRESETS[preset].label} are shown"


def list_notes(name: str, text: str, page: AddressedPage) -> list[str]:
    """Return the sentences about a list of tags."""
    names = list(dict.fromkeys(each for each in text.split(",") if each))
    unknown = [each for each in names if each not in page.headings]
    most = MOST_COMPARED if name == "compare" else MOST_CHARTS
    notes = []
    if unknown:
        some = ", ".join(f"“{shown(each)}”" for each in unknown[:3])
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        notes.append(f"{name}: {some}{more} {'is' if len(unknown) == 1 else 'are'} not in use: left out.")
    if len(names) - len(unknown) > most:
        notes.append(f"{name}: only the first {most} tags are shown.")
    return notes


def range_notes(given: Mapping[str, str], now: datetime) -> list[str]:
    """Return the sentence about a range of time that cannot be shown."""
    bounds = [given.get(name, "") for name in ("from", "to")]
    if not any(bounds):
        return []
    instead = "The time up to now is shown instead."
    if not all(bounds):
        return [f"A range needs both “from” and “to”. {instead}"]
    try:
        start, end = parse_bound(bounds[0]), parse_bound(bounds[1], end=True)
    except ValueError as error:
        return [f"The range cannot be read: {error}. {instead}"]
    if start >= end:
        return [f"“from” is not earlier than “to”. {instead}"]
    if start >= now:
        return [f"The range lies in the future. {instead}"]
    too_long = f"The range is longer than {LONGEST.days // 365} years. {instead}"
    return [too_long] if min(end, now) - start > LONGEST else []


def shown(text: str) -> str:
    """Return a text of the address at a length that a sentence can hold."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
