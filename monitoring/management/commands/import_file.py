"""manage.py import_file"""

import os
import shutil
import socket
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import transaction
from tqdm import tqdm

from monitoring.database.diagnosis import remedy
from monitoring.database.write_lock import write_lock
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.reason_words import reason_text
from monitoring.models import FileImport, ImportMapping
from monitoring.sources.file_import import jobs
from monitoring.sources.file_import.analysis import Analysis, analyse
from monitoring.sources.file_import.checking import dry_run
from monitoring.sources.file_import.counts import Counts
from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.file_format import CHOICES, check_setting, check_zone
from monitoring.sources.file_import.files import StoredFiles, is_workbook
from monitoring.sources.file_import.importing import Importer, TakenAwayError
from monitoring.sources.file_import.targets import IGNORE, NEW, TAG, Target, Targets, targets_of
from monitoring.sources.file_import.worker import analysed_fields

REJECTED = 3  # exit code: imported, but some rows were rejected
AUTO = "auto"
CHOSEN = (
    *("sheet", "encoding", "separator", "decimal", "skip_rows", "header_rows", "layout"),
    *("time_column", "clock_column", "time_form", "tag_column", "value_column", "zone", "repeated_hour"),
)
ONE_BASED = ("time_column", "clock_column", "tag_column", "value_column")
ALIVE = timedelta(seconds=15)


class Command(BaseCommand):
    """Import readings from a CSV or XLSX file."""

    help = (
        "Imports readings from a CSV or XLSX file. First see what is understood: --dry-run stores nothing."
        " The same file again stores nothing twice. Exit codes: 0 done, 1 not possible, 3 done, but some rows"
        " were rejected, 130 stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file, the mapping and the settings."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--map",
            nargs="+",
            action="extend",
            default=[],
            metavar="COLUMN=TAG",
            help="a column, by name or number from 1, and its tag; TAG*1.8+32 converts; 'auto': those alike",
        )
        parser.add_argument(
            "--new",
            nargs="+",
            action="extend",
            default=[],
            metavar="COLUMN=TAG:MIN:MAX",
            help="make a tag with this valid range; its unit is that of the file",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="count what would be stored, store nothing"
        )
        parser.add_argument(
            "--resume", action="store_true", help="go on with the import of this file that was broken off"
        )
        self.add_settings(parser)

    def add_settings(self, parser: CommandParser) -> None:
        """Add the settings that are understood by themselves otherwise."""
        found = parser.add_argument_group("what is understood by itself otherwise")
        for name in CHOSEN:
            kind: Callable[[str], Any] = str
            if name in ONE_BASED:
                kind = column_number
            elif name in ("skip_rows", "header_rows"):
                kind = int
            choices = CHOICES.get(name)
            shown = "TAB" if name == "separator" else name.upper()
            found.add_argument(
                f"--{name.replace('_', '-')}", type=kind, choices=choices, metavar=None if choices else shown
            )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file, check it, or go on; print the counts."""
        with errors_in_words():
            counts = self.resumed(options) if options["resume"] else self.begun(options)
        self.report(counts, is_dry=options["dry_run"])
        if counts.rejected_total and not options["dry_run"]:
            raise SystemExit(REJECTED)

    def begun(self, options: dict[str, Any]) -> Counts:
        """Read the file through, then check or import it."""
        path, chosen = options["file"].resolve(), chosen_of(options)
        with TemporaryDirectory() as folder:
            sheet = Path(folder) / "sheet.tsv"
            analysis, targets = self.understood(path, sheet, chosen, options)
            if options["dry_run"]:
                return self.count_only(path, sheet, analysis, targets)
            row = begin(path, analysis, chosen, targets)
            if analysis.form.is_workbook:
                StoredFiles(row.pk).make()
                shutil.move(sheet, StoredFiles(row.pk).sheet)
        return self.run_import(row)

    def understood(
        self, path: Path, sheet: Path, chosen: dict[str, Any], options: dict[str, Any]
    ) -> tuple[Analysis, Targets]:
        """Return the settings understood and the tag of each series; print both.

        Raises:
            CommandError: no column becomes a tag.
        """
        analysis = analyse(path, sheet, chosen, most_cells=None)
        mapping = ImportMapping.objects.filter(header=analysis.header_key).first()
        if mapping is not None:
            chosen |= {name: value for name, value in mapping.chosen.items() if name not in chosen}
            analysis = analyse(path, sheet, chosen, most_cells=None)
        self.describe(analysis)
        kept = mapping.targets if mapping and not options["map"] and not options["new"] else {}
        targets = targets_for(analysis, options, kept)
        self.describe_targets(analysis, targets)
        if all(target.action == IGNORE for target in targets.values()):
            raise CommandError(
                "No column becomes a tag: add --map COLUMN=TAG, --map auto, or --new COLUMN=TAG:MIN:MAX."
            )
        return analysis, targets

    def describe(self, analysis: Analysis) -> None:
        """Print how the file is read."""
        form = analysis.form
        names = dict(enumerate(name for name, _ in analysis.header))
        kind = f"workbook, sheet {form.sheet}" if form.is_workbook else f"{form.encoding}, {form.separator!r}"
        self.stdout.write(
            f"{analysis.rows:,} rows, {form.layout}; {kind}, decimal {form.decimal!r}; time in"
            f" {names.get(form.time_column)!r} as {form.time_form}, zone {form.zone}."
        )
        for name in analysis.unsure:
            raise CommandError(f"{jobs.UNSURE[name]}: add --{name.replace('_', '-')}.")

    def describe_targets(self, analysis: Analysis, targets: Targets) -> None:
        """Print the tag of each series."""
        for series in analysis.series:
            target = targets[series.key]
            becomes = "-" if target.action == IGNORE else target.tag
            made = f" (new, {target.valid_min:g} to {target.valid_max:g})" if target.action == NEW else ""
            alike = f"; alike: {target.tag}" if target.action == IGNORE and target.tag else ""
            unit = f" [{series.unit}]" if series.unit else ""
            self.stdout.write(f"  {label(series.key, series.name)}{unit} -> {becomes}{made}{alike}")

    def count_only(self, path: Path, sheet: Path, analysis: Analysis, targets: Targets) -> Counts:
        """Return the outcomes that the import would have."""
        jobs.check_choice(analysis.as_json(), targets)
        text = sheet if analysis.form.is_workbook else path
        with progress(analysis.rows) as show:
            return dry_run(text, analysis.form, targets, on_rows=show)

    def resumed(self, options: dict[str, Any]) -> Counts:
        """Go on with the import of the same file.

        Raises:
            CommandError: there is none, or another process is at it.
        """
        path = options["file"].resolve()
        row = FileImport.objects.filter(path=str(path), size=size_of(path), state="importing").first()
        if row is None:
            raise CommandError(f"No import of {path} was broken off. Leave out --resume to begin one.")
        now = datetime.now(UTC)
        seen = FileImport.objects.filter(pk=row.pk, worker=row.worker)
        if is_alive(row, now) or not seen.update(worker=own_name(), renewed_at=now):
            raise CommandError("Another process imports this file right now. Wait for it, or stop it.")
        row.refresh_from_db()
        if row.format["is_workbook"]:
            StoredFiles(row.pk).make()
            analyse(path, StoredFiles(row.pk).sheet, row.chosen, most_cells=None)
        self.stdout.write(f"Going on after {row.position:,} of {row.rows:,} rows.")
        return self.run_import(row)

    def run_import(self, row: FileImport) -> Counts:
        """Import the rows that are left, with a progress bar on a terminal."""
        files = StoredFiles(row.pk)
        importer = Importer(row, files.sheet if row.format["is_workbook"] else Path(row.path), row.worker)
        with progress(row.rows or 0, row.position) as show:
            importer.run(should_stop=lambda: False, on_rows=show)
        now = datetime.now(UTC)
        mine = FileImport.objects.filter(pk=row.pk, worker=row.worker, state="importing")
        mine.update(state="done", ended_at=now, touched_at=now, worker="", renewed_at=None)
        files.delete_source()
        return importer.counts

    def report(self, counts: Counts, *, is_dry: bool) -> None:
        """Print the counts and the first rejected rows."""
        would = "would be " if is_dry else ""
        found = f"{counts.new:,} readings {would}stored, {counts.duplicate:,} were there before"
        self.stdout.write(
            f"{found}, {counts.rejected_total:,} rejected, {counts.skipped:,} empty or ignored."
        )
        for reason, number in sorted(counts.rejected.items(), key=lambda item: -item[1]):
            self.stderr.write(f"{number:,} rejected, {reason_text(reason)}:")
            for each in counts.examples[reason]:
                self.stderr.write(
                    f"  row {each['row']}{', ' * bool(each['tag'])}{each['tag']}: {each['message']}"
                )


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Convert errors to those of commands.

    Raises:
        CommandError: with the way out.
    """
    try:
        yield
    except ImportInputError as error:
        option = error.field.replace("_", "-")
        where = f"--{option}: " if error.field in CHOSEN else ""
        raise CommandError(f"{where}{error}.") from error
    except TakenAwayError as error:
        raise CommandError("The import was cancelled on the page. What is stored stays.") from error
    except DatabaseError as error:
        advice = f"{remedy(error)} What is stored stays; add --resume to go on.".lstrip()
        raise CommandError(f"The database did not take it: {error}. {advice}") from error
    except KeyboardInterrupt:
        raise CommandError("Stopped; what is stored stays. Add --resume to go on.", returncode=130) from None


@contextmanager
def progress(rows: int, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows the number of rows that are done, on a terminal."""
    with tqdm(total=rows, initial=done, unit=" rows", unit_scale=True, disable=None) as bar:

        def show(now: int) -> None:
            bar.update(now - bar.n)

        yield show


def chosen_of(options: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that are given.

    Raises:
        ImportInputError: a setting is impossible.
    """
    chosen = {name: options[name] for name in CHOSEN if options[name] is not None}
    for name, value in chosen.items():
        check_setting(name, value)
    if "zone" in chosen:
        check_zone(chosen["zone"])
    return chosen


def targets_for(analysis: Analysis, options: dict[str, Any], kept: dict[str, Any]) -> Targets:
    """Return the tag of each series: as given, as remembered, or with 'auto' the one that is alike.

    Raises:
        CommandError: a column or a tag cannot be found.
    """
    given = [text for text in options["map"] if text != AUTO]
    found = targets_of(jobs.first_targets(analysis, kept, tag_cache().read()))
    if AUTO not in options["map"] and not kept:
        found = {key: replace(target, action=IGNORE) for key, target in found.items()}
    for text in given:
        key, rest = split(text, analysis, "--map COLUMN=TAG")
        found[key] = mapped(rest)
    for text in options["new"]:
        key, rest = split(text, analysis, "--new COLUMN=TAG:MIN:MAX")
        unit = next(series.unit for series in analysis.series if series.key == key)
        found[key] = made(rest, unit, text)
    return found


def split(text: str, analysis: Analysis, form: str) -> tuple[str, str]:
    """Return the key of the series that a text names, and the rest.

    Raises:
        CommandError: no series has this name or number.
    """
    name, sign, rest = text.rpartition("=")
    keys = [series.key for series in analysis.series if name in (series.name, label(series.key))]
    if not sign or not rest or len(keys) != 1:
        names = ", ".join(label(series.key, series.name) for series in analysis.series[:20])
        raise CommandError(f"{text}: expected {form}, with one of these columns: {names}.")
    return keys[0], rest


def mapped(text: str) -> Target:
    """Return the target of TAG, TAG*FACTOR or TAG*FACTOR+OFFSET.

    Raises:
        CommandError: factor or offset is no number.
    """
    tag, star, numbers = text.partition("*")
    factor, plus, offset = numbers.partition("+")
    try:
        return Target(TAG, tag, float(factor) if star else 1.0, float(offset) if plus else 0.0)
    except ValueError as error:
        raise CommandError(f"{text}: expected TAG*FACTOR+OFFSET, as temp*1.8+32.") from error


def made(text: str, unit: str, given: str) -> Target:
    """Return the target of TAG:MIN:MAX, a new tag.

    Raises:
        CommandError: the range is missing.
    """
    tag, *bounds = text.split(":")
    try:
        low, high = map(float, bounds)
    except ValueError as error:
        raise CommandError(f"{given}: expected --new COLUMN=TAG:MIN:MAX with the valid range.") from error
    return Target(NEW, tag, unit=unit, valid_min=low, valid_max=high)


def label(key: str, name: str = "") -> str:
    """Return the number of a column from 1, with its name; a name of the long layout as it is."""
    if not key.isdecimal():
        return key
    return f"{int(key) + 1} ({name})" if name else str(int(key) + 1)


def begin(path: Path, analysis: Analysis, chosen: dict[str, Any], targets: Targets) -> FileImport:
    """Store the settings, make the new tags, and claim the import for this process.

    Raises:
        ImportInputError: a target is impossible; nothing is stored.
    """
    with write_lock(), transaction.atomic():
        row = jobs.create(path.name, size_of(path), by=person(), path=str(path))
        for name, value in analysed_fields(analysis, {}).items():
            setattr(row, name, value)
        row.chosen, row.targets = chosen, {key: target.as_json() for key, target in targets.items()}
        row.save()
        jobs.begin(row, by=row.by, worker=own_name())
    return row


def is_alive(row: FileImport, now: datetime) -> bool:
    """Return whether another process is at an import: by its number on this host, else by its last sign."""
    host, _, pid = row.worker.rpartition(" ")
    if host == socket.gethostname()[:40] and pid.isdecimal() and os.name == "posix":
        return int(pid) != os.getpid() and Path(f"/proc/{pid}").exists() and is_fresh(row, now)
    return is_fresh(row, now)


def is_fresh(row: FileImport, now: datetime) -> bool:
    """Return whether the last sign of an import is young."""
    return row.renewed_at is not None and abs(now - row.renewed_at) < ALIVE


def own_name() -> str:
    """Return the name of this process for a claim."""
    return f"{socket.gethostname()[:40]} {os.getpid()}"


def person() -> str:
    """Return the user of the shell."""
    return f"{os.environ.get('USER') or 'somebody'} in a shell"


def size_of(path: Path) -> int:
    """Return the size of a file.

    Raises:
        ImportInputError: the file cannot be read.
    """
    is_workbook(path)
    return path.stat().st_size


def column_number(text: str) -> int:
    """Return the number of a column from 0; the command counts from 1.

    Raises:
        ArgumentTypeError: the text is no such number.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected the number of a column from 1, got {text!r}")
    return int(text) - 1
