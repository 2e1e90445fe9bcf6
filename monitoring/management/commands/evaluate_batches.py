"""manage.py evaluate_batches"""

from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from monitoring.batches.vessel_roles import OTHER, ROLES
from monitoring.kernel.optional_packages import MissingPackageError
from monitoring.lab.batch_evaluation.comparison import METHODS, WATCH, compared, comparison_table
from monitoring.lab.batch_evaluation.csv_batches import read_batches
from monitoring.lab.batch_evaluation.leave_one_out import deviation_table, left_out_table, watch_each
from monitoring.lab.batch_evaluation.simulated import as_batch
from monitoring.lab.batch_evaluation.tables import batch_table
from monitoring.lab.batch_evaluation.tennessee import (
    TennesseeError,
    evaluate_tennessee,
    read_tennessee,
    tennessee_table,
)
from monitoring.lab.batch_evaluation.trials import (
    FIRST_TRIAL,
    FIRST_TUNING,
    KINDS,
    BatchOutcome,
    BatchTrial,
    FaultJob,
    GoldenBatch,
    fit_models,
    run_batch_trial,
    simulate_faults,
    simulate_golden,
)
from monitoring.lab.batch_evaluation.verdicts import verdict_table
from monitoring.lab.evaluation.evaluating import EvaluationError, done_by
from monitoring.sources.simulator.vessel.faults import VesselFaultKind

Job = TypeVar("Job")
Answer = TypeVar("Answer")
MOST_GOLDEN = FIRST_TRIAL - 1
RIVALS = [method for method in METHODS if method != WATCH]


class Command(BaseCommand):
    """Measure the watching of batches: faults found, delays and false alarms."""

    help = (
        "Tells which faults of a simulated vessel are found as deviations from golden batches, how soon, and"
        " the false alarms a batch, for each number of golden batches; and how often the verdict, probe or"
        " process, is given 10 and 60 minutes after the alarm, and right. Or watches good batches of your"
        " own, each by the others. Nothing is read from the database, and nothing is stored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the amount of batches, and the faults."""
        data = parser.add_mutually_exclusive_group()
        data.add_argument(
            "--csv",
            type=Path,
            nargs="+",
            metavar="FILE",
            help="watch good batches of your own, by the others",
        )
        data.add_argument(
            "--tennessee",
            type=Path,
            metavar="DIR",
            help="measure on the files of the Tennessee Eastman process",
        )
        data.add_argument(
            "--with", dest="rivals", nargs="+", choices=RIVALS, metavar="METHOD", help=f"compare: {RIVALS}"
        )
        parser.add_argument(
            "--roles", type=role_of, nargs="+", default=[], metavar="COLUMN=ROLE", help="of columns of --csv"
        )
        parser.add_argument(
            "--golden", type=golden_number, nargs="+", default=[3, 10], metavar="N", help="batches (3 10)"
        )
        parser.add_argument(
            "--batches",
            type=whole,
            default=4,
            metavar="N",
            help="to watch: each without and with each fault (4)",
        )
        parser.add_argument(
            "--seed", type=whole, default=1, metavar="N", help="another plant, other chance (1)"
        )
        parser.add_argument("--only", nargs="+", choices=KINDS, metavar="FAULT", help="these faults")
        parser.add_argument("--jobs", type=whole, default=1, metavar="N", help="processes at a time (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the tables of the chosen measurement."""
        try:
            self.stdout.write("\n".join(self.lines(options)))
        except (EvaluationError, MissingPackageError, TennesseeError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=130) from None

    def lines(self, options: dict[str, Any]) -> list[str]:
        """Return the lines to print."""
        if options["csv"]:
            found = watch_each(read_batches(options["csv"], dict(options["roles"])))
            return [*left_out_table(found), "", *deviation_table(found)]
        if options["tennessee"]:
            return tennessee_table(evaluate_tennessee(read_tennessee(options["tennessee"])))
        return self.compare(options) if options["rivals"] else self.measure(options)

    def measure(self, options: dict[str, Any]) -> list[str]:
        """Simulate golden batches, fit the models, and run the trials."""
        seed, sizes, kinds = options["seed"], sorted(set(options["golden"])), chosen_kinds(options)
        golden = [GoldenBatch(seed, number) for number in range(1, max(sizes) + 1)]
        values = self.work(simulate_golden, golden, options["jobs"], "golden batches")
        models = fit_models(values, sizes)
        trials = [
            BatchTrial(seed, FIRST_TRIAL + number, kinds, models) for number in range(options["batches"])
        ]
        answers = self.work(run_batch_trial, trials, options["jobs"], "batches")
        return tables_of([outcome for outcomes in answers for outcome in outcomes])

    def compare(self, options: dict[str, Any]) -> list[str]:
        """Run Watch and other methods on the same batches."""
        seed, size, jobs = options["seed"], max(options["golden"]), options["jobs"]
        amount, kinds = options["batches"], chosen_kinds(options)
        numbers = [*range(1, size + 1), *range(FIRST_TUNING, FIRST_TUNING + amount)]
        good = self.work(simulate_golden, [GoldenBatch(seed, each) for each in numbers], jobs, "good batches")
        batches = [as_batch(values) for values in good]
        scores = {method: METHODS[method](batches[:size]) for method in (WATCH, *options["rivals"])}
        faults = [FaultJob(seed, FIRST_TRIAL + number, kinds) for number in range(amount)]
        trials = self.work(simulate_faults, faults, jobs, "batches")
        return comparison_table(
            compared(method, score, batches[size:], trials) for method, score in scores.items()
        )

    def work(
        self, function: Callable[[Job], Answer], jobs: Sequence[Job], processes: int, unit: str
    ) -> list[Answer]:
        """Return the jobs' answers; show a progress bar on a terminal."""
        with done_by(function, jobs, processes) as answers:
            return list(tqdm(answers, total=len(jobs), unit=f" {unit}", disable=None))


def tables_of(outcomes: Sequence[BatchOutcome]) -> list[str]:
    """Return the tables: faults found, then the verdicts for each number of golden batches."""
    found = batch_table(outcomes)
    for size in dict.fromkeys(outcome.golden for outcome in outcomes):
        verdicts = [pair for each in outcomes if each.golden == size for pair in each.verdicts.items()]
        found += ["", f"Probe or process, golden {size}", *verdict_table(verdicts)]
    return found


def whole(text: str) -> int:
    """Parse a count."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number, 1 or more, got {text!r}")
    return int(text)


def golden_number(text: str) -> int:
    """Parse a number of golden batches."""
    number = whole(text)
    if number > MOST_GOLDEN:
        raise ArgumentTypeError(f"expected at most {MOST_GOLDEN} golden batches, got {number}")
    return number


def chosen_kinds(options: dict[str, Any]) -> list[VesselFaultKind]:
    """Return the faults to put into batches."""
    return [kind for kind in KINDS if kind in (options["only"] or KINDS)]


def role_of(text: str) -> tuple[str, str]:
    """Parse a column with its role."""
    column, _, role = text.rpartition("=")
    if not column or role not in ROLES or role == OTHER:
        raise ArgumentTypeError(f"expected COLUMN=ROLE, as temp=temperature, got {text!r}")
    return column, role
