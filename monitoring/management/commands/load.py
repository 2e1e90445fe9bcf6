"""manage.py load"""

import asyncio
import math
import signal
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import FrameType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import connection

from monitoring.access.addresses import address_to_reach, is_this_machine
from monitoring.database.diagnosis import explain
from monitoring.kernel.clock import from_micros, iso_utc
from monitoring.lab.load.generator import Lane, Run, drive
from monitoring.lab.load.http import Target, probe
from monitoring.lab.load.plan import SECOND_US, LoadPlan
from monitoring.lab.load.report import ProgressTable, summary, verdict
from monitoring.lab.load.stored import stored_load
from monitoring.lab.load.tag_store import LoadTagError, make_load_tags, retire_load_tags
from monitoring.lab.load.tags import MOST_TAGS, name_of, pattern_of

MOST_BATCH = 10_000  # the API's own limit
MOST_RATE = 200_000
MOST_SECONDS = 24 * 3600
REPLAYED_S = 60.0
RETRY_AFTER_S = (0.5, 1.0, 2.0, 4.0)  # while the database starts again
Answer = TypeVar("Answer")


class Command(BaseCommand):
    """Put a running Fermon under load, and compare accepted with stored readings."""

    help = (
        "Sends readings of many tags to a running Fermon, as sensors would, and tells how soon they are"
        " answered. They are sent on their time however slow the answers are, and an answer's time counts"
        " from when its reading was due. At the end, what was accepted is compared with what is stored. To be"
        " run with the settings of that Fermon: it makes its tags, load.00001 and so on, in the same"
        " database, and sets them inactive afterwards. Its measurements stay. Exit code 1: readings were"
        " lost, refused or not sent."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add amount, duration and target of the load."""
        number, count = between(0, math.inf), whole
        parser.add_argument("--tags", type=count(1, MOST_TAGS), default=100, metavar="N", help="(100)")
        parser.add_argument(
            "--hz",
            type=number,
            default=1.0,
            metavar="N",
            help="readings of a tag a second (1); may be below 1",
        )
        how_long = parser.add_mutually_exclusive_group()
        how_long.add_argument("--minutes", type=number, metavar="N", help="how long (1)")
        how_long.add_argument("--seconds", type=number, metavar="N", help="how long")
        parser.add_argument(
            "--batch", type=count(1, MOST_BATCH), default=1000, metavar="N", help="readings a request (1000)"
        )
        parser.add_argument("--single", action="store_true", help="one reading a request, to /ingest")
        parser.add_argument(
            "--burst",
            action="store_true",
            help="as fast as it is taken, each connection waiting for its answers",
        )
        parser.add_argument(
            "--connections", type=count(1, 1000), default=16, metavar="N", help="that stay open (16)"
        )
        parser.add_argument("--url", help="the server, as http://127.0.0.1:8000; without it, by the settings")
        parser.add_argument(
            "--not-loopback",
            action="store_true",
            help="let --url be another machine: others may depend on it, and notice",
        )
        parser.add_argument("--token", default="", help="where a login is needed: one that writes load.")
        parser.add_argument("--keep", action="store_true", help="leave the tags active")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send the load, print the summary, and fail unless all readings were accepted and stored."""
        plan, is_burst = planned(options), options["burst"]
        target = target_of(options)
        try:
            with ExitStack() as at_the_end:
                at_the_end.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, interrupt))
                make_load_tags(plan.tags)
                if not options["keep"]:
                    at_the_end.callback(asked, retire_load_tags)
                refuse_other_system(target)
                self.load(plan, target, is_burst=is_burst, is_single=options["single"])
        except LoadTagError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(explain(error)) from error

    def load(self, plan: LoadPlan, target: Target, *, is_burst: bool, is_single: bool) -> None:
        """Send the plan's requests, print the summary, and compare accepted with stored readings.

        Raises:
            CommandError: not all was sent, accepted and stored; or the run was stopped.
        """
        start_us = (int(time.time()) + 1) * SECOND_US
        run, table, lanes = Run(target, plan.tags, start_us, is_single), ProgressTable(), list[Lane]()

        def report(run: Run, all_lanes: Sequence[Lane]) -> None:
            lanes[:] = all_lanes
            for line in table.lines(run, all_lanes, is_terminal=self.stdout.isatty()):
                self.stdout.write(line)
            self.stdout.flush()

        cpu_s = time.process_time()
        is_whole = drive(run, plan, is_burst=is_burst, report=report)
        took_s, unsent = run.now_s, sum(lane.unsent for lane in lanes)
        if is_whole and not is_burst:  # count the last readings' own period, too
            took_s = max(took_s, plan.seconds)
        cpu_s = time.process_time() - cpu_s
        for line in summary(run, plan, took_s=took_s, cpu_s=cpu_s, is_burst=is_burst, unsent=unsent):
            self.stdout.write(line)
        stored = settled(run)
        self.stdout.write(verdict(run, stored))
        if unsent or not run.tally.is_clean or run.tally.lost(stored) or run.tally.surplus(stored):
            raise CommandError("Not all was sent in time, accepted and stored.")
        if not is_whole:
            raise CommandError("Stopped before its end.", returncode=130)


def planned(options: dict[str, Any]) -> LoadPlan:
    """Return the plan of the load.

    Raises:
        CommandError: the rate or the duration is too large.
    """
    seconds = options["seconds"] or 60 * (options["minutes"] or 1.0)
    batch = 1 if options["single"] else options["batch"]
    plan = LoadPlan(options["tags"], options["hz"], seconds, batch, options["connections"])
    if plan.rate > MOST_RATE:
        raise CommandError(f"{plan.rate:,.0f} readings/s: take at most {MOST_RATE:,}, or --burst.")
    if seconds > MOST_SECONDS:
        raise CommandError("Take at most a day.")
    return plan


def target_of(options: dict[str, Any]) -> Target:
    """Return the server under load.

    Raises:
        CommandError: the URL is invalid, or names another machine, or a token is needed.
    """
    host = address_to_reach(settings.FERMON_HOST)
    url = urlsplit(options["url"] or f"http://{f'[{host}]' if ':' in host else host}:{settings.FERMON_PORT}")
    try:
        port = url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        port = 0
    if url.scheme not in ("http", "https") or not url.hostname or not port or url.path.strip("/"):
        raise CommandError(f"--url {options['url']}: expected a server, as in http://127.0.0.1:8000")
    if not is_this_machine(url.hostname) and not options["not_loopback"]:
        raise CommandError(
            f"{url.hostname} is not this machine: whoever depends on it will notice, and its disk fills."
            " If that is meant, add --not-loopback."
        )
    if not settings.FERMON_OPEN and not options["token"]:
        raise CommandError(
            "Writing needs a token here: make one by 'manage.py make_token load --prefix load. --days 1',"
            " and give it as --token."
        )
    headers = {"Authorization": f"Token {options['token']}"} if options["token"] else {}
    return Target(
        url.hostname, port, url.scheme == "https", headers | ({} if options["url"] else as_a_proxy())
    )


def as_a_proxy() -> dict[str, str]:
    """Return the headers that the proxy of these settings sets: an allowed host, and TLS."""
    named = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"]
    host = {"Host": named[0]} if named and settings.PRODUCTION else {}
    return host | ({"X-Forwarded-Proto": "https"} if settings.FERMON_PROXIES else {})


def refuse_other_system(target: Target) -> None:
    """Send one reading and look for it in the database, to check that server and database match.

    Raises:
        CommandError: the server is away, or stores into another database.
    """
    now_us = int(time.time()) * SECOND_US
    timestamp, value = iso_utc(from_micros(now_us)), pattern_of(0).profile.low
    reading = {"timestamp": timestamp, "tag": name_of(0), "value": value}
    where = f"{target.host}:{target.port}"
    try:
        status, text = asyncio.run(probe(target, reading))
    except OSError as error:
        raise CommandError(f"Nobody answers at {where}: {error}. Start Fermon first.") from error
    told = text[:300].decode(errors="replace")
    if status == 400 and "unknown tag" in told:
        raise CommandError(f"The server at {where} has another database: it does not know {name_of(0)}.")
    if status not in (200, 201, 409):
        raise CommandError(f"The server at {where} does not take readings: {status} {told}")
    if not stored_load(now_us).get(name_of(0)):
        raise CommandError(f"The server at {where} has another database: what it stored is not in this one.")


def interrupt(number: int, frame: FrameType | None) -> None:
    """Handle SIGTERM as Ctrl-C, also where SIGINT is ignored, as in a shell's background job (``&``)."""
    on_ctrl_c = signal.getsignal(signal.SIGINT)
    (on_ctrl_c if callable(on_ctrl_c) else signal.default_int_handler)(signal.SIGINT, frame)


def asked(question: Callable[[], Answer]) -> Answer:
    """Query the database; retry after a broken connection, or while the database restarts.

    Raises:
        django.db.Error: the database is away for longer.
    """
    for pause_s in RETRY_AFTER_S:
        try:
            return question()
        except DatabaseError:
            connection.close()
            time.sleep(pause_s)
    return question()


def settled(run: Run) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Count the stored measurements of each tag, after waiting for readings that were queued on disk."""
    end = time.monotonic() + REPLAYED_S
    while True:
        found = asked(lambda: stored_load(run.start_us))
        stored = np.array([found.get(name, 0) for name in run.names], np.int64)
        if not run.tally.kept or not run.tally.lost(stored) or time.monotonic() > end:
            return stored
        time.sleep(1)


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from ``lowest`` to ``highest``."""

    def read(text: str) -> int:
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise ArgumentTypeError(f"expected a whole number from {lowest} to {highest}, got {text!r}")
        return int(text)

    return read


def between(lowest: float, highest: float) -> Callable[[str], float]:
    """Return a parser of numbers between these bounds (exclusive)."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not lowest < number < highest:
            raise ArgumentTypeError(f"expected a number above {lowest:g}, got {text!r}")
        return number

    return read
