"""Files, processes and output of ``manage.py evaluate_detectors``."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from monitoring.detection.monitor import DetectionSettings, TagMonitor
from monitoring.kernel.timestamp_arrays import parse_plain_timestamps
from monitoring.lab.evaluation import nab
from monitoring.lab.evaluation.recording import (
    Findings,
    Piece,
    RecordingError,
    column_indices,
    piece_of,
    read_pieces,
    watch,
)
from monitoring.lab.evaluation.tables import EVENT_HEADER, event_cells

Job = TypeVar("Job")
Answer = TypeVar("Answer")


class EvaluationError(Exception):
    """A file is missing or not as expected; the message names the file and the remedy."""


@contextmanager
def done_by(work: Callable[[Job], Answer], jobs: Sequence[Job], processes: int) -> Iterator[Iterator[Answer]]:
    """Yield the answers in the order of the jobs, computed in so many processes on demand."""
    if processes == 1:
        yield map(work, jobs)
        return
    with get_context("spawn").Pool(min(processes, max(1, len(jobs)))) as pool:
        yield pool.imap(work, jobs)


def watch_file(path: Path, settings: DetectionSettings) -> Findings:
    """Run all detectors on a user's own data; the file's name is the tag's name."""
    with reading(path) as lines:
        return watch(read_pieces(lines), TagMonitor(path.stem, settings=settings))


def write_events(path: Path, findings: Findings) -> None:
    """Write a CSV of the events, a line each; only the header without events."""
    write_csv(path, EVENT_HEADER, map(event_cells, findings.events))


@dataclass(frozen=True, slots=True)
class NabFile:
    """A file of the benchmark: its name within ``data/``; start and end of its windows, as written."""

    folder: Path
    name: str
    windows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NabScores:
    """A file of the benchmark with the novelty score of each reading.

    ``rows`` are timestamp and value as written; ``series`` is the input of the benchmark.
    """

    file: NabFile
    rows: list[tuple[str, str]]
    series: nab.ScoredSeries


def nab_files(folder: Path) -> list[NabFile]:
    """Return the series that ``windows.json`` names.

    Raises:
        EvaluationError: the file cannot be read, or a series is missing.
    """
    path = folder / "windows.json"
    try:
        named = json.loads(path.read_text(encoding="utf-8"))
        files = [
            NabFile(folder, name, tuple((str(start), str(end)) for start, end in windows))
            for name, windows in named.items()
        ]
    except OSError as error:
        raise EvaluationError(
            f"{path} can't be read: {error.strerror}. Expected a folder as NAB's."
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f'{path}: expected JSON as {{"category/file.csv": [["start", "end"], ...]}}, got {error}.'
        ) from error
    if lacking := [file.name for file in files if not (folder / "data" / file.name).is_file()]:
        raise EvaluationError(f"{folder / 'data'} lacks {', '.join(lacking)}, which windows.json names.")
    return files


def score_file(file: NabFile) -> NabScores:
    """Return the novelty of each reading, after the monitor has learned the reading.

    Some files repeat an hour, as clocks do in autumn. A reading that is not later than the newest counts as a
    microsecond later: the benchmark counts readings, not time.
    """
    path = file.folder / "data" / file.name
    rows, piece = read_whole(path)
    monitor = TagMonitor(path.stem)
    scores, newest_us = np.empty(len(rows)), piece.times_us[0] - 1
    for index, (time_us, value) in enumerate(zip(piece.times_us, piece.values, strict=True)):
        newest_us = max(time_us, newest_us + 1)
        monitor.update((newest_us,), (value,))
        scores[index] = monitor.novelty
    times = np.array(piece.times_us, np.int64)
    return NabScores(file, rows, nab.ScoredSeries(scores, [bounds(file, times, one) for one in file.windows]))


def read_whole(path: Path) -> tuple[list[tuple[str, str]], Piece]:
    """Return a file's timestamps and values, as written and as readings."""
    with reading(path) as lines:
        header, *rows = list(csv.reader(lines)) or [[]]
        indices = column_indices(header)
        piece = piece_of(list(enumerate(rows, 2)), indices)
        if piece.empty or not rows:
            raise RecordingError("expected readings, each with a value")
    return [(row[indices[0]], row[indices[1]]) for row in rows], piece


def bounds(file: NabFile, times_us: NDArray[np.int64], window: tuple[str, str]) -> tuple[int, int]:
    """Return the indices of a window's first and last reading."""
    (start, end), readable = parse_plain_timestamps(window)
    indices = np.flatnonzero((times_us >= start) & (times_us <= end))
    if not readable.all() or not len(indices):
        raise EvaluationError(
            f"windows.json: {file.name}: expected the start and the end of a window that holds readings,"
            f" got {' to '.join(window)}."
        )
    return int(indices[0]), int(indices[-1])


def write_scores(folder: Path, scored: NabScores) -> None:
    """Write the file's scores to the same path below ``folder``."""
    header = ("timestamp", "value", "anomaly_score")
    marks = scored.series.scores.tolist()
    rows = ((*row, str(mark)) for row, mark in zip(scored.rows, marks, strict=True))
    write_csv(folder / scored.file.name, header, rows)


def nab_lines(scored: Sequence[NabScores]) -> list[str]:
    """Return the score by each profile, the standard one last."""
    results = [(profile, nab.evaluate([one.series for one in scored], profile)) for profile in nab.PROFILES]
    return [
        f"NAB {profile.name} {result.score:.2f} (threshold {result.threshold:.4g})"
        if profile is not nab.STANDARD
        else f"NAB {profile.name} {result.score:.2f}"
        for profile, result in results
    ]


@contextmanager
def reading(path: Path) -> Iterator[TextIO]:
    """Open a CSV file; errors become an ``EvaluationError`` that names the file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield lines
    except (RecordingError, csv.Error) as error:
        raise EvaluationError(f"{path}: {error}.") from error
    except OSError as error:
        raise EvaluationError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} can't be read: expected a CSV file in UTF-8.") from error


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file in UTF-8, and create the directories above."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
    except OSError as error:
        raise EvaluationError(f"{path} can't be written: {error.strerror}.") from error
