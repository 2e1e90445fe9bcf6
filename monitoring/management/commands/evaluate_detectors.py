"""manage.py evaluate_detectors"""

from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from monitoring.detection.detectors import trees
from monitoring.detection.detectors.settings import DETECTORS, OPTIONAL, DetectionSettings
from monitoring.kernel.optional_packages import MissingPackageError
from monitoring.lab.evaluation import evaluating, speed
from monitoring.lab.evaluation.clean_runs import CleanRun, run_clean
from monitoring.lab.evaluation.evaluating import EvaluationError
from monitoring.lab.evaluation.recording import Findings
from monitoring.lab.evaluation.tables import clean_table, event_table, fault_table, speed_table
from monitoring.lab.evaluation.trials import CASES, Trial, run_trial
from monitoring.lab.signal_families import FAMILIES

KINDS = tuple(dict.fromkeys(case.kind for case in CASES))
Job = TypeVar("Job")
Answer = TypeVar("Answer")


class Command(BaseCommand):
    """Measure the detectors: findings, delays and false findings."""

    help = (
        "Tells what the detectors find: faults of every kind put into simulated signals, and false findings"
        " on clean ones, for the required rule and for the whole set. With --csv: the events in your own"
        " data; with --nab: the score in the Numenta Anomaly Benchmark; with --speed: readings a second."
        " Nothing is read from the database, and nothing is stored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the data to evaluate on, and its amount."""
        parser.add_argument("--trials", type=whole, default=100, metavar="N", help="of each fault (100)")
        parser.add_argument(
            "--days", type=positive, default=1.0, metavar="N", help="of each clean signal, after an hour (1)"
        )
        parser.add_argument(
            "--signals", type=whole, default=3, metavar="N", help="clean ones of each family (3)"
        )
        parser.add_argument(
            "--seed", type=int, default=1, metavar="N", help="other signals, other chance (1)"
        )
        parser.add_argument(
            "--only",
            nargs="+",
            choices=[*KINDS, *FAMILIES],
            metavar="NAME",
            help="these fault kinds or families",
        )
        parser.add_argument(
            "--off", nargs="+", default=[], choices=DETECTORS, metavar="DETECTOR", help="these find nothing"
        )
        parser.add_argument(
            "--on", nargs="+", default=[], choices=sorted(OPTIONAL), metavar="DETECTOR", help="optional ones"
        )
        parser.add_argument("--jobs", type=whole, default=1, metavar="N", help="processes at a time (1)")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="one tag: columns timestamp and value")
        parser.add_argument("--events", type=Path, metavar="OUT.csv", help="with --csv: where events go")
        parser.add_argument("--nab", type=Path, metavar="DIR", help="holds data/ and windows.json")
        parser.add_argument("--scores", type=Path, metavar="OUT", help="with --nab: where scores go")
        parser.add_argument("--speed", action="store_true", help="readings a second on this machine")

    def handle(self, *args: Any, **options: Any) -> None:
        """Evaluate the requested data; signals and faults by default."""
        for needed, option in (("csv", "events"), ("nab", "scores")):
            if options[option] and not options[needed]:
                raise CommandError(f"--{option} is for --{needed}. Give that, too.")
        try:
            trees.check_packages(options["on"])
            self.evaluate(options)
        except (EvaluationError, MissingPackageError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=130) from None

    def evaluate(self, options: dict[str, Any]) -> None:
        """Run the requested evaluations one after another."""
        if options["csv"]:
            self.evaluate_csv(options["csv"], options["events"], settings_of(options))
        if options["nab"]:
            self.evaluate_nab(options["nab"], options["scores"], options["jobs"])
        if options["speed"]:
            self.write_lines(speed_table(speed.measure()))
        if not (options["csv"] or options["nab"] or options["speed"]):
            self.evaluate_signals(options)

    def evaluate_signals(self, options: dict[str, Any]) -> None:
        """Evaluate faults and clean signals, of the chosen kinds and families."""
        chosen = options["only"] or [*KINDS, *FAMILIES]
        seed, jobs, settings = options["seed"], options["jobs"], settings_of(options)
        if cases := tuple(case for case in CASES if case.kind in chosen):
            trials = [Trial(seed, number, cases, settings) for number in range(options["trials"])]
            answers = self.work(run_trial, trials, jobs, "trials")
            self.write_lines(fault_table(outcome for outcomes in answers for outcome in outcomes))
        if families := [name for name in FAMILIES if name in chosen]:
            seeds = range(1000 * seed, 1000 * seed + options["signals"])
            days = options["days"]
            runs = [CleanRun(family, one, days, settings) for family in families for one in seeds]
            self.write_lines(clean_table(self.work(run_clean, runs, jobs, "signals")))

    def evaluate_csv(self, path: Path, out: Path | None, settings: DetectionSettings) -> None:
        """Write the events in a user's own data, as a table or into a file."""
        findings = evaluating.watch_file(path, settings)
        if out:
            evaluating.write_events(out, findings)
        else:
            self.write_lines(event_table(findings.events))
        self.stdout.write(summary(findings))

    def evaluate_nab(self, folder: Path, out: Path | None, jobs: int) -> None:
        """Score the files of a folder with the layout of the benchmark."""
        scored = self.work(evaluating.score_file, evaluating.nab_files(folder), jobs, "files")
        if out:
            for one in scored:
                evaluating.write_scores(out, one)
        self.write_lines(evaluating.nab_lines(scored))

    def work(
        self, function: Callable[[Job], Answer], jobs: Sequence[Job], processes: int, unit: str
    ) -> list[Answer]:
        """Return the jobs' answers; show a progress bar on a terminal."""
        with evaluating.done_by(function, jobs, processes) as answers:
            return list(tqdm(answers, total=len(jobs), unit=f" {unit}", disable=None))

    def write_lines(self, lines: Sequence[str]) -> None:
        """Write a table."""
        self.stdout.write("\n".join(lines))


def settings_of(options: dict[str, Any]) -> DetectionSettings:
    """Return the default settings with the detectors switched on and off."""
    return DetectionSettings(off=frozenset(options["off"]), on=frozenset(options["on"]))


def summary(findings: Findings) -> str:
    """Return a line with the counts of readings, events and rows left out."""
    left_out = (
        (findings.late, "late (before the one above)"),
        (findings.doubled, "doubled (the same time again)"),
        (findings.empty, "without a value"),
    )
    told = [f"{number} {words}" for number, words in left_out if number]
    counted = f"Readings: {findings.readings}. Events: {len(findings.events)}."
    return f"{counted} Left out: {', '.join(told)}." if told else counted


def whole(text: str) -> int:
    """Parse a count."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number, 1 or more, got {text!r}")
    return int(text)


def positive(text: str) -> float:
    """Parse a length of time."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 10_000:
        raise ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return number
