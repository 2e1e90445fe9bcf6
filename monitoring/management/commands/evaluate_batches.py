"""manage.py evaluate_batches"""

from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from monitoring.lab.batch_evaluation.tables import batch_table
from monitoring.lab.batch_evaluation.trials import (
    FIRST_TRIAL,
    KINDS,
    BatchOutcome,
    BatchTrial,
    GoldenBatch,
    fit_models,
    run_batch_trial,
    simulate_golden,
)
from monitoring.lab.batch_evaluation.verdicts import verdict_table
from monitoring.lab.evaluation.evaluating import done_by

Job = TypeVar("Job")
Answer = TypeVar("Answer")
MOST_GOLDEN = FIRST_TRIAL - 1


class Command(BaseCommand):
    """Measure the watching of batches: faults found, delays and false alarms."""

    help = (
        "Tells which faults of a simulated vessel are found as deviations from golden batches, how soon, and"
        " the false alarms a batch, for each number of golden batches; and how often the verdict, probe or"
        " process, is given 10 and 60 minutes after the alarm, and right. Nothing is read from the"
        " database, and nothing is stored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the amount of batches, and the faults."""
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
        """Simulate golden batches, fit the models, and run the trials."""
        seed, jobs = options["seed"], options["jobs"]
        sizes = sorted(set(options["golden"]))
        kinds = [kind for kind in KINDS if kind in (options["only"] or KINDS)]
        try:
            numbers = range(1, max(sizes) + 1)
            golden = self.work(
                simulate_golden, [GoldenBatch(seed, number) for number in numbers], jobs, "golden batches"
            )
            models = fit_models(golden, sizes)
            trials = [
                BatchTrial(seed, FIRST_TRIAL + number, kinds, models) for number in range(options["batches"])
            ]
            answers = self.work(run_batch_trial, trials, jobs, "batches")
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=130) from None
        self.stdout.write("\n".join(tables_of([outcome for outcomes in answers for outcome in outcomes])))

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
