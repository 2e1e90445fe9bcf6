"""``manage.py qcluster``: the worker. Replaces django-q2's command of that name, with its options."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import Error as DatabaseError
from django.db import connections
from django_q.management.commands.qcluster import Command as StockCommand

from monitoring.database.connections import leave_pool
from monitoring.database.diagnosis import explain
from monitoring.operations import cluster
from monitoring.operations.parent_watchdog import end_forks_with_parent, end_with_launcher
from monitoring.operations.privacy import mend_private_files
from monitoring.operations.schedules import keep_schedules


class Command(StockCommand):  # type: ignore[misc]  # django-q2 has no types
    """Run the simulator, all other tasks, and the processes beside them until SIGTERM or SIGINT."""

    help = (
        "Runs the worker: the simulator, retries and clean-up, and beside it detection, the alarms,"
        " notifications and, once there are field sources, the collector. Ctrl-C stops it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add to django-q2's options one for each process beside the cluster."""
        super().add_arguments(parser)
        parser.add_argument(
            "--no-detection",
            action="store_true",
            help="Do not start 'manage.py run_detection': systemd or Docker runs it as a service of its own.",
        )
        parser.add_argument(
            "--no-alarms",
            action="store_true",
            help="Do not start 'manage.py run_alarms': systemd or Docker runs it as a service of its own.",
        )
        parser.add_argument(
            "--no-notifications",
            action="store_true",
            help="Do not start 'manage.py run_notifications': systemd or Docker runs it as a service of its"
            " own.",
        )

        parser.add_argument(
            "--no-collector",
            action="store_true",
            help="Do not start 'manage.py collect': systemd or Docker runs it as a service of its own.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise CommandError if the database can't be used."""
        if options["cluster_name"]:
            os.environ["Q_CLUSTER_NAME"] = options["cluster_name"]
        mend_private_files()
        leave_pool()
        end_with_launcher()
        end_forks_with_parent()
        try:
            keep_schedules()
        except DatabaseError as error:
            raise CommandError(explain(error)) from error
        finally:
            connections.close_all()
        if options["run_once"]:
            cluster.run_once()
        else:
            cluster.run_worker(
                with_detection=not options["no_detection"],
                with_alarms=not options["no_alarms"],
                with_notifications=not options["no_notifications"],
                with_collector=not options["no_collector"],
            )
