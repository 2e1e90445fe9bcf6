"""Results of an evaluation, as lines of text in columns."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from monitoring.kernel.clock import from_micros, iso_utc
from monitoring.kernel.incident_event import Event
from monitoring.lab.evaluation.clean_runs import FalseFindings
from monitoring.lab.evaluation.speed import Speed
from monitoring.lab.evaluation.trials import Answer, TrialOutcome

NOTHING = "-"
FAULT_HEADER = ("fault", "rule", "chance", "median", "p90", "set", "chance", "at once", "median", "p90", "by")
CLEAN_HEADER = ("clean signal", "days", "rule", "set", "by")
EVENT_HEADER = ("start", "end", "detector", "kind", "score", "explanation")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the header and the rows in columns: numbers aligned right, words left."""
    columns = list(zip(header, *rows, strict=True))
    return ["  ".join(cells).rstrip() for cells in zip(*map(aligned, columns), strict=True)]


def aligned(column: Sequence[str]) -> list[str]:
    """Pad a column's cells, header first, to the same width."""
    width = max(map(len, column))
    figures = all(cell[:1].isdecimal() or cell == NOTHING for cell in column[1:])
    return [cell.rjust(width) if figures else cell.ljust(width) for cell in column]


def fault_table(outcomes: Iterable[TrialOutcome]) -> list[str]:
    """Return a line a case: findings and delays in s, of the rule and of all detectors."""
    by_case: dict[str, list[TrialOutcome]] = {}
    for outcome in outcomes:
        by_case.setdefault(str(outcome.case), []).append(outcome)
    rows = []
    for case, some in by_case.items():
        rule, whole = [one.rule for one in some], [one.whole for one in some]
        counted = [one for one in whole if not one.by_chance]
        at_once = percent([one.delay_s == 0 for one in counted])
        first = Counter(one.detector for one in counted if one.delay_s is not None)
        of_rule = (found_cell(rule), chance_cell(rule), *delay_cells(rule))
        of_whole = (found_cell(whole), chance_cell(whole), at_once, *delay_cells(whole), shares(first))
        rows.append((case, *of_rule, *of_whole))
    return table(FAULT_HEADER, rows)


def found_cell(answers: Sequence[Answer]) -> str:
    """Return the share of faults found, among those with a silent clean run."""
    return percent([one.delay_s is not None for one in answers if not one.by_chance])


def chance_cell(answers: Sequence[Answer]) -> str:
    """Return the share of faults without a silent clean run."""
    return percent([one.by_chance for one in answers])


def delay_cells(answers: Sequence[Answer]) -> tuple[str, str]:
    """Return median and 90th percentile of the delays of found faults, in s."""
    delays = [one.delay_s for one in answers if not one.by_chance and one.delay_s is not None]
    if not delays:
        return NOTHING, NOTHING
    median, late = np.quantile(delays, (0.5, 0.9), method="higher")
    return f"{median:.0f}", f"{late:.0f}"


def clean_table(findings: Iterable[FalseFindings]) -> list[str]:
    """Return a line a family: false findings a day and tag of the rule and of all detectors."""
    by_family: dict[str, list[FalseFindings]] = {}
    for one in findings:
        by_family.setdefault(one.run.family, []).append(one)
    rows = []
    for family, some in by_family.items():
        days = sum(one.run.days for one in some)
        flags = sum(one.flags for one in some)
        events = sum((one.events for one in some), Counter[str]())
        by = ", ".join(f"{name} {number / days:.2f}" for name, number in events.most_common())
        rows.append(
            (family, f"{days:g}", f"{flags / days:.1f}", f"{events.total() / days:.2f}", by or NOTHING)
        )
    return table(CLEAN_HEADER, rows)


def event_cells(event: Event) -> tuple[str, str, str, str, str, str]:
    """Return an event as text, in the columns of ``EVENT_HEADER``; the end is empty while the event lasts."""
    end = "" if event.end_us is None else iso_utc(from_micros(event.end_us))
    return (
        iso_utc(from_micros(event.start_us)),
        end,
        event.detector,
        event.kind,
        f"{event.score:.3g}",
        event.explanation,
    )


def event_table(events: Iterable[Event]) -> list[str]:
    """Return a line an event."""
    return table(EVENT_HEADER, map(event_cells, events))


def speed_table(speeds: Iterable[Speed]) -> list[str]:
    """Return a line a measurement."""
    return table(("readings/s", ""), ((f"{one.readings_per_s:,.0f}", one.name) for one in speeds))


def percent(answers: Sequence[bool]) -> str:
    """Return the share of true answers."""
    return f"{100 * sum(answers) / len(answers):.1f} %" if answers else NOTHING


def shares(counts: Counter[str]) -> str:
    """Return each count as a share of the total, largest first."""
    total = counts.total()
    return (
        ", ".join(f"{name} {100 * number / total:.0f} %" for name, number in counts.most_common()) or NOTHING
    )
