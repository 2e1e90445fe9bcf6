"""manage.py archive"""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from monitoring.archive.place import ArchiveError, archive_url
from monitoring.database.diagnosis import explain
from monitoring.management.arguments import end, start
from monitoring.models import Tag
from monitoring.storage import host_clock
from monitoring.storage.archiving.returning import bring_back
from monitoring.storage.archiving.running import archive_now
from monitoring.storage.archiving.verifying import verify
from monitoring.storage.retention import retention_lock

BUSY = "Another process archives or applies retention now. Try again later."
STAYS = "What has moved stays so; run the same again."


class Command(BaseCommand):
    """Move old measurements to the archive now, verify the archive, or bring days back."""

    help = (
        "Moves measurements that are older than their tag's 'archive after' to files of the archive, now"
        " instead of within the hour. Fermon may run meanwhile; a run that was stopped may be repeated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the tags, and what to do instead of archiving."""
        parser.add_argument("tag", nargs="*", metavar="TAG", help="only these tags")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument(
            "--verify",
            action="store_true",
            help="change nothing: compare each file with the manifest (checksum, counts, order) and with the"
            " database; the exit code is 1 if anything is wrong",
        )
        instead.add_argument(
            "--restore",
            nargs=3,
            metavar=("TAG", "FROM", "TO"),
            help="bring the archived days from one time to another back into the database; raise the tag's"
            " 'archive after' first, or they are archived again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is asked, and print how many measurements that were."""
        try:
            if options["restore"]:
                self.restore(*options["restore"])
            elif options["verify"]:
                self.verify(self.existing(options["tag"]))
            else:
                self.archive(self.existing(options["tag"]))
        except ArchiveError as error:
            raise CommandError(f"{error} {STAYS}") from error
        except DatabaseError as error:
            raise CommandError(f"{explain(error)} {STAYS}") from error
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. {STAYS}", returncode=130) from None

    def existing(self, names: Sequence[str]) -> list[str]:
        """Return the names, all of which must be tags."""
        known = set(Tag.objects.values_list("name", flat=True))
        if unknown := [name for name in names if name not in known]:
            raise CommandError(f"{', '.join(unknown)}: no such tag. Choose from: {', '.join(sorted(known))}.")
        return list(names)

    def archive(self, names: Sequence[str]) -> None:
        """Move what is due."""
        chosen = Tag.objects.filter(name__in=names) if names else Tag.objects.all()
        if not chosen.exclude(archive_after_days=None).exists():
            raise CommandError("No such tag has 'archive after' set. Set it in the admin, under Tags.")
        clock = host_clock.check_clock()
        if clock.jump:
            raise CommandError(clock.problem)
        moved = archive_now(names, now=clock.reading.now)
        if moved is None:
            raise CommandError(BUSY)
        self.stdout.write(f"{moved:,} measurements moved to {archive_url()}.")

    def verify(self, names: Sequence[str]) -> None:
        """Compare files, manifest and database."""
        files = rows = faults = 0
        for found in verify(names):
            files, rows = files + bool(found.rows), rows + found.rows
            faults += len(found.faults)
            for fault in found.faults:
                self.stdout.write(f"{found.place}: {fault}")
        if faults:
            raise CommandError(f"{faults} faults in {files:,} files. Bring them back from a backup.")
        self.stdout.write(f"{files:,} files with {rows:,} measurements are as the manifest says.")

    def restore(self, name: str, first: str, last: str) -> None:
        """Bring days of a tag back."""
        (name,) = self.existing([name])
        tag = Tag.objects.get(name=name)
        begin, until = moments(first, last)
        days, rows = set(), 0
        with retention_lock() as is_alone:
            if not is_alone:
                raise CommandError(BUSY)
            for file, count in bring_back(tag, begin, until):
                days.add(file.start.date())
                rows += count
                self.stdout.write(f"{file.start:%Y-%m-%d %H:%M}: {count:,} measurements")
        self.stdout.write(f"{len(days)} days with {rows:,} measurements of {name} are in the database again.")


def moments(first: str, last: str) -> tuple[datetime, datetime]:
    """Return the bounds of a range."""
    try:
        begin, until = start(first), end(last)
    except ArgumentTypeError as error:
        raise CommandError(str(error)) from error
    if begin > until:
        raise CommandError("FROM is after TO. Swap them.")
    return begin.astimezone(UTC), until.astimezone(UTC)
