"""Probe or process: verdicts on simulated faults against the truth, as a table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from monitoring.batches.verdict.causes import PROBE, PROCESS, UNDECIDED
from monitoring.batches.verdict.judging import judge
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.score import Deviation
from monitoring.batches.watch.watching import WatchResult
from monitoring.lab.evaluation.tables import percent, table
from monitoring.sources.simulator.vessel.faults import PROBE_FAULTS, VesselFaultKind

VERDICT_MINUTES = (10, 60)  # after the alarm

Verdicts = Mapping[int, str]  # what is said, by minutes after the alarm; empty for a fault that is not found


def verdicts_after(
    model: WatchModel, batch: BatchMinutes, found: WatchResult, alarm: int | None
) -> dict[int, str]:
    """Return what the verdicts say after the alarm on a fault, which is a minute of the batch."""
    deviation = next((each for each in found.deviations if alarm is not None and spans(each, alarm)), None)
    if alarm is None or deviation is None:
        return {}
    # A false alarm before the fault must not lend its begin to the fault.
    begun = replace(deviation, start=max(deviation.start, alarm - 1))
    newest = len(found.hour) - 1
    return {
        minutes: judge(model, batch, found, begun, min(alarm + minutes, newest)).says
        for minutes in VERDICT_MINUTES
    }


def spans(deviation: Deviation, minute: int) -> bool:
    """Return whether a minute is within a deviation."""
    return deviation.start <= minute and (deviation.end is None or minute < deviation.end)


def verdict_table(verdicts: Iterable[tuple[VesselFaultKind, Verdicts]]) -> list[str]:
    """Return a line a fault: share with a verdict, and share of these that are right, by minutes.

    Faults that are not found count as without a verdict.
    """
    by_kind: dict[VesselFaultKind, list[Verdicts]] = {}
    for kind, found in verdicts:
        by_kind.setdefault(kind, []).append(found)
    rows = [
        (kind.replace("_", " "), truth(kind), *cells([(kind, each) for each in found]))
        for kind, found in by_kind.items()
    ]
    every = [(kind, each) for kind, found in by_kind.items() for each in found]
    return table(("fault", "is of", *heading()), [*rows, ("all faults", "", *cells(every))])


def heading() -> Iterator[str]:
    """Yield the titles of the columns."""
    for minutes in VERDICT_MINUTES:
        yield from (f"given {minutes} min", "right")


def cells(verdicts: Sequence[tuple[VesselFaultKind, Verdicts]]) -> Iterator[str]:
    """Yield share given and share right of the given ones, by minutes."""
    for minutes in VERDICT_MINUTES:
        said = [(truth(kind), found.get(minutes, UNDECIDED)) for kind, found in verdicts]
        given = [(true, says) for true, says in said if says != UNDECIDED]
        yield percent([says != UNDECIDED for _, says in said])
        yield percent([true == says for true, says in given])


def truth(kind: VesselFaultKind) -> str:
    """Return whether a fault is of a probe or of the process."""
    return PROBE if kind in PROBE_FAULTS else PROCESS
