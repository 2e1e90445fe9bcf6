"""``manage.py runserver``: Django's, at FERMON_HOST and FERMON_PORT by default."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.servers import basehttp
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import Error as DatabaseError
from whitenoise.runserver_nostatic.management.commands.runserver import Command as WhiteNoiseCommand

from monitoring.access.addresses import open_to_others
from monitoring.operations.chunked import ChunkedHandler
from monitoring.operations.emergency import start_emergency_watch
from monitoring.operations.parent_watchdog import end_with_launcher, was_launched
from monitoring.operations.privacy import mend_private_files
from monitoring.operations.serving.patience import BoundedServer, PatientRequestHandler
from monitoring.spool.replayer import replayer


class Command(WhiteNoiseCommand):  # type: ignore[misc]  # WhiteNoise finds its base at run time
    """Serve the API and the dashboard until SIGTERM or SIGINT."""

    server_cls = BoundedServer

    def handle(self, *args: Any, **options: Any) -> None:
        """Complete the address, then serve."""
        port = options["addrport"] or str(settings.FERMON_PORT)
        if port.isdecimal() and not options["use_ipv6"]:
            host = settings.FERMON_HOST
            options["addrport"] = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        # Otherwise each answer on a persistent connection waits 40 ms for the client's delayed ACK.
        WSGIRequestHandler.disable_nagle_algorithm = True
        super().handle(*args, **options)

    def run(self, **options: Any) -> None:
        """Serve, unless other machines could reach a server without login.

        Raises:
            CommandError: the address is open to others.
        """
        if settings.FERMON_OPEN_BY_DEFAULT and (why := open_to_others(self.addr)):
            raise CommandError(why)
        super().run(**options)

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Serve in this process; under the reloader, in the reloaded process only."""
        end_with_launcher()
        mend_private_files()
        replayer().start()
        start_emergency_watch()
        basehttp.ServerHandler = ChunkedHandler  # type: ignore[misc]  # the request handler's lookup
        basehttp.WSGIRequestHandler = PatientRequestHandler  # type: ignore[misc]  # likewise
        super().inner_run(*args, **options)

    def check_migrations(self) -> None:
        """Check migrations; serve with a warning while the database is away: readings are spooled."""
        try:
            super().check_migrations()
        except DatabaseError as error:
            self.stderr.write(f"The database is away ({error}). Readings that come in are kept safe on disk.")

    def on_bind(self, server_port: int) -> None:
        """Print Django's banner, unless the launcher prints the address."""
        if not was_launched():
            super().on_bind(server_port)
